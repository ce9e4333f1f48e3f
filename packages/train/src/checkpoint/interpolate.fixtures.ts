import type { Model } from '../autograd/pass'
import { applyOverrides, parseTrainSettings, presets, type TrainSettings } from '../config'
import { disposeModel } from '../step/trainer'
import { readCheckpoint } from './checkpoint'

/** Overrides for a bi-encoder: without what only a cross-encoder has. */
export const BI_ENCODER = [
  'model.architecture="bi-encoder"',
  'initialization="reference"',
  'token_match_weight=0',
  'lexical_weight=0',
  'learning_rate=0.02'
]

/** Settings of a network of 8 hidden units that is trained in a moment. */
export async function tinySettings(...more: string[]): Promise<TrainSettings> {
  const tiny = ['vocab_size=200', 'hidden_size=8', 'num_attention_heads=2', 'intermediate_size=8', 'max_length=32']
  return parseTrainSettings(
    applyOverrides(await presets.read('smoke'), [...tiny.map((key) => `model.${key}`), 'epochs=1', ...more]),
    'test'
  )
}

/** By name, each flat. */
export function weightsIn(model: Model): Map<string, Float32Array> {
  return new Map([...model.variables].map(([name, variable]) => [name, variable.values().slice()]))
}

export async function weightsOf(folder: string): Promise<Map<string, Float32Array>> {
  const { model } = await readCheckpoint(folder)
  const values = weightsIn(model)
  disposeModel(model)
  return values
}
