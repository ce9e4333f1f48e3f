import * as v from 'valibot'
import { MatcherError } from '../errors'
import { describeIssues } from '../schema'
import { SOHU_TASKS, type TaskSpec } from '../tasks'

/** How the network is told its task: in every norm (Su 2021), added to the input embedding, or not at all. */
export type Conditioning = 'layer-norm' | 'input-embedding' | 'none'

/** Sizes and switches of the network, as `config.json` states them (Hugging Face's keys plus ours). */
export interface ModelConfig {
  readonly vocabSize: number
  readonly embeddingSize: number
  readonly hiddenSize: number
  readonly numHiddenLayers: number
  readonly numAttentionHeads: number
  readonly intermediateSize: number
  readonly typeVocabSize: number
  readonly layerNormEps: number
  readonly hiddenDropoutProb: number
  readonly conditionSize: number
  readonly conditioning: Conditioning
  /** One Dense(2) for all tasks, or one for each. */
  readonly heads: 'shared' | 'per-task'
  /** `post` is the reference's; `pre` adds one final norm. */
  readonly normPosition: 'post' | 'pre'
  /** Tokens a pair is cut to, [CLS] and both [SEP] included. */
  readonly maxLength: number
  readonly tasks: readonly TaskSpec[]
}

const size = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1 << 24))
const taskSchema = v.strictObject({
  name: v.pipe(v.string(), v.nonEmpty()),
  id: v.pipe(v.number(), v.integer(), v.minValue(0)),
  group: v.string()
})

/** `config.json`. Keys that it does not name (Hugging Face files carry many) are ignored. */
const configSchema = v.object({
  model_type: v.optional(v.literal('roformer'), 'roformer'),
  vocab_size: size,
  embedding_size: v.optional(size),
  hidden_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  intermediate_size: size,
  type_vocab_size: v.optional(size, 2),
  hidden_act: v.optional(v.literal('gelu'), 'gelu'),
  layer_norm_eps: v.optional(v.pipe(v.number(), v.minValue(0)), 1e-12),
  hidden_dropout_prob: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(0.99)), 0.1),
  condition_size: v.optional(size, 128),
  conditioning: v.optional(v.picklist(['layer-norm', 'input-embedding', 'none']), 'layer-norm'),
  heads: v.optional(v.picklist(['shared', 'per-task']), 'shared'),
  norm_position: v.optional(v.picklist(['post', 'pre']), 'post'),
  max_length: v.optional(v.pipe(size, v.minValue(4)), 512),
  tasks: v.optional(v.pipe(v.array(taskSchema), v.nonEmpty()))
})

/** Reads a `config.json` value: the only place where snake_case becomes camelCase. Throws `config-invalid` naming the key. */
export function parseModelConfig(json: unknown, source = 'config.json'): ModelConfig {
  const parsed = v.safeParse(configSchema, json)
  if (!parsed.success) throw new MatcherError('config-invalid', `${source}: ${describeIssues(parsed.issues)}.`)
  const c = parsed.output
  if (c.hidden_size % c.num_attention_heads !== 0 || (c.hidden_size / c.num_attention_heads) % 2 !== 0) {
    throw new MatcherError(
      'config-invalid',
      `${source}: hidden_size ${c.hidden_size} does not divide into ${c.num_attention_heads} heads of even size.`
    )
  }
  const tasks = c.tasks ?? SOHU_TASKS
  if (tasks.some((task, index) => task.id !== index) || new Set(tasks.map((task) => task.name)).size !== tasks.length) {
    throw new MatcherError(
      'config-invalid',
      `${source}: tasks must have distinct names and the ids 0..${tasks.length - 1} in order.`
    )
  }
  return {
    vocabSize: c.vocab_size,
    embeddingSize: c.embedding_size ?? c.hidden_size,
    hiddenSize: c.hidden_size,
    numHiddenLayers: c.num_hidden_layers,
    numAttentionHeads: c.num_attention_heads,
    intermediateSize: c.intermediate_size,
    typeVocabSize: c.type_vocab_size,
    layerNormEps: c.layer_norm_eps,
    hiddenDropoutProb: c.hidden_dropout_prob,
    conditionSize: c.condition_size,
    conditioning: c.conditioning,
    heads: c.heads,
    normPosition: c.norm_position,
    maxLength: c.max_length,
    tasks
  }
}

/** The `config.json` value of a configuration; `parseModelConfig` reads it back. */
export function modelConfigToJson(config: ModelConfig): Record<string, unknown> {
  return {
    model_type: 'roformer',
    hidden_act: 'gelu',
    vocab_size: config.vocabSize,
    embedding_size: config.embeddingSize,
    hidden_size: config.hiddenSize,
    num_hidden_layers: config.numHiddenLayers,
    num_attention_heads: config.numAttentionHeads,
    intermediate_size: config.intermediateSize,
    type_vocab_size: config.typeVocabSize,
    layer_norm_eps: config.layerNormEps,
    hidden_dropout_prob: config.hiddenDropoutProb,
    condition_size: config.conditionSize,
    conditioning: config.conditioning,
    heads: config.heads,
    norm_position: config.normPosition,
    max_length: config.maxLength,
    tasks: config.tasks
  }
}
