import {
  describeIssues,
  MatcherError,
  parseModelConfig,
  parseVocab,
  type ModelConfig,
  type TaskSpec
} from '@sohu-match/core'
import { readJson, readText } from '@sohu-match/node'
import * as v from 'valibot'

/** Sizes that a public configuration gives. Other keys (attention dropout, generation settings, …) say nothing about the network. */
const SIZES = [
  'vocab_size',
  'embedding_size',
  'hidden_size',
  'num_hidden_layers',
  'num_attention_heads',
  'intermediate_size',
  'type_vocab_size',
  'hidden_act',
  'layer_norm_eps',
  'hidden_dropout_prob'
] as const

/** Keys by which a public RoFormer differs from this network: refused unless they have this value. */
const FIXED: Readonly<Record<string, (value: unknown, sizes: Record<string, unknown>) => boolean>> = {
  model_type: (value) => value === 'roformer',
  rotary_value: (value) => value === false,
  attention_head_size: (value, sizes) => value === headSize(sizes),
  attention_key_size: (value, sizes) => value === headSize(sizes),
  pad_token_id: (value) => value === 0
}

function headSize({ hidden_size, num_attention_heads }: Record<string, unknown>): number {
  return Number(hidden_size) / Number(num_attention_heads)
}

/** The parts of the configuration that a run brings itself. */
export interface OwnSwitches {
  readonly tasks?: readonly TaskSpec[] | undefined
  /** Keys of config.json: conditioning, condition_size, heads, max_length, hidden_dropout_prob. */
  readonly model?: Readonly<Record<string, unknown>> | undefined
}

const OWN_KEYS = ['condition_size', 'conditioning', 'heads', 'max_length', 'hidden_dropout_prob'] as const

/**
 * A public configuration (`bert_config.json`, or Hugging Face's `config.json`) with this project's switches. Where it has no
 * `layer_norm_eps`, 1e-12 is right: bert4keras and the published configurations use it. Throws `checkpoint-invalid` or `config-invalid`
 * naming file and key.
 */
export async function readPublicConfig(path: string, { tasks, model = {} }: OwnSwitches = {}): Promise<ModelConfig> {
  const parsed = v.safeParse(
    v.record(v.string(), v.unknown()),
    await readJson(path, 'checkpoint-invalid', 'checkpoint-invalid')
  )
  if (!parsed.success) throw new MatcherError('checkpoint-invalid', `${path}: ${describeIssues(parsed.issues)}.`)
  const json = parsed.output
  for (const [key, fits] of Object.entries(FIXED)) {
    if (json[key] !== undefined && json[key] !== null && !fits(json[key], json)) {
      throw new MatcherError(
        'config-invalid',
        `${path}: "${key}" is ${JSON.stringify(json[key])}, which this network does not have; another checkpoint is needed.`
      )
    }
  }
  if (model.norm_position === 'pre') {
    throw new MatcherError(
      'config-invalid',
      'norm_position "pre" is not how public RoFormers were trained; leave it out with these weights.'
    )
  }
  return parseModelConfig({ ...pick(json, SIZES), ...pick(model, OWN_KEYS), ...(tasks && { tasks }) }, path)
}

/** A vocabulary that fits the configuration. Throws `checkpoint-invalid` for another size, `asset-corrupt` for a file that is none. */
export async function readPublicVocab(path: string, config: ModelConfig): Promise<string> {
  const text = await readText(path, 'checkpoint-invalid')
  const count = parseVocab(text).tokens.length
  if (count === config.vocabSize) return text
  throw new MatcherError(
    'checkpoint-invalid',
    `${path} has ${count} tokens; vocab_size in the configuration is ${config.vocabSize}: use the vocabulary the weights were trained with.`
  )
}

function pick(json: Readonly<Record<string, unknown>>, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(keys.filter((key) => json[key] !== undefined).map((key) => [key, json[key]]))
}
