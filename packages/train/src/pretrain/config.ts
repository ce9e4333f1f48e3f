import { describeIssues, MatcherError } from '@sohu-match/core'
import { namedJson } from '@sohu-match/node'
import * as v from 'valibot'
import { parseTrainSettings, requireKnownKeys, type TrainSettings } from '../config'
import { PRESETS } from '../presets'

/** Keys of the training settings that pretraining shares. */
const SHARED = [
  'model',
  'seed',
  'epochs',
  'batch_pairs',
  'batch_tokens',
  'learning_rate',
  'warmup',
  'decay',
  'adam',
  'beta1',
  'beta2',
  'epsilon',
  'weight_decay',
  'clip_norm',
  'recompute',
  'precision',
  'kernels',
  'checkpoint_steps'
] as const

/** Keys of pretraining alone: share of masked words, and of sequences held out to measure the loss on. */
const own = v.object({
  mask_rate: v.optional(v.pipe(v.number(), v.gtValue(0), v.maxValue(0.9)), 0.15),
  held_out: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(0.5)), 0.01)
})

export interface PretrainSettings {
  readonly settings: TrainSettings
  /** Padded tokens of a batch. */
  readonly batchTokens: number
  readonly maskRate: number
  readonly heldOut: number
}

export const pretrainPresets = namedJson(new URL('pretrain/', PRESETS), 'pretraining preset')

/** Throws `config-invalid` naming the invalid key, and the nearest one that exists. */
export function parsePretrainSettings(json: Record<string, unknown>, source: string): PretrainSettings {
  requireKnownKeys(json, [...SHARED, ...Object.keys(own.entries)], source)
  const parsed = v.safeParse(own, json)
  if (!parsed.success) throw new MatcherError('config-invalid', `${source}: ${describeIssues(parsed.issues)}.`)
  const settings = parseTrainSettings(
    Object.fromEntries(SHARED.filter((key) => key in json).map((key) => [key, json[key]])),
    source
  )
  if (settings.model['norm_position'] === 'pre') {
    throw new MatcherError(
      'config-invalid',
      `${source}: norm_position "pre" is not part of RoFormer's recipe for masked language modeling; leave it out.`
    )
  }
  const { batchTokens } = settings
  if (typeof batchTokens !== 'number') {
    throw new MatcherError(
      'config-invalid',
      `${source}: "batch_tokens" should be a number of tokens but is "${String(batchTokens)}".`
    )
  }
  return { settings, batchTokens, maskRate: parsed.output.mask_rate, heldOut: parsed.output.held_out }
}
