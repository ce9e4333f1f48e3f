import * as v from 'valibot'
import { MatcherError } from '../errors'
import { camelCased, describeIssues, snakeCased, type CamelCased } from '../schema'
import { taskEntries, taskProblem } from '../formats/task-schema'
import { SOHU_TASKS, type TaskSpec } from '../tasks'

const size = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1 << 24))
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(0.99))

/** Alternatives of the network, the default first. */
const alternatives = {
  /** `cross-encoder` reads both texts at once; `bi-encoder` reads each alone and compares two vectors. */
  architecture: ['cross-encoder', 'bi-encoder'],
  /** Where the task enters: in every norm (Su 2021), added to the input embedding, or nowhere. */
  conditioning: ['layer-norm', 'input-embedding', 'none'],
  /** One Dense for all tasks with the same labels, or one for each task. Only for cross-encoders. */
  heads: ['shared', 'per-task'],
  /** `post` is the reference's; `pre` adds one final norm. */
  norm_position: ['post', 'pre'],
  /** The mean over all tokens, or the state of [CLS]. */
  pooling: ['mean', 'cls'],
  /** `rotary` rotates queries and keys (RoFormer); `absolute` adds a learned row to each input (BERT). */
  position_embedding_type: ['rotary', 'absolute']
} as const

const choice = <const T extends string>(options: readonly [T, ...T[]]) => v.optional(v.picklist(options), options[0])

/** Every key of `config.json`, with Hugging Face's name if it has one. */
const entries = {
  model_type: v.optional(v.literal('roformer'), 'roformer'),
  hidden_act: v.optional(v.literal('gelu'), 'gelu'),
  vocab_size: size,
  /** Default: `hidden_size`. */
  embedding_size: v.optional(size),
  hidden_size: size,
  /** A thousand is beyond any network; a file that claims millions would exhaust memory with names. */
  num_hidden_layers: v.pipe(size, v.maxValue(1024)),
  num_attention_heads: size,
  intermediate_size: size,
  type_vocab_size: v.optional(size, 2),
  layer_norm_eps: v.optional(v.pipe(v.number(), v.minValue(0)), 1e-12),
  hidden_dropout_prob: v.optional(share, 0.1),
  condition_size: v.optional(size, 128),
  conditioning: choice(alternatives.conditioning),
  heads: choice(alternatives.heads),
  norm_position: choice(alternatives.norm_position),
  position_embedding_type: choice(alternatives.position_embedding_type),
  /** Rows of the position table for absolute positions. */
  max_position_embeddings: v.optional(size, 512),
  architecture: choice(alternatives.architecture),
  pooling: choice(alternatives.pooling),
  /** `jieba` segments words first (WoBERT, RoFormer); `none` is BERT's own tokenizer. */
  word_segmentation: v.optional(v.picklist(['jieba', 'none']), 'jieba'),
  /** Tokens to which an input is truncated, including special ones. */
  max_length: v.optional(v.pipe(size, v.minValue(4)), 512),
  /** Default: the six Sohu tasks. */
  tasks: v.optional(v.pipe(v.array(v.strictObject(taskEntries)), v.nonEmpty()))
}

/** Other keys (Hugging Face files have many) are ignored. */
const configSchema = v.object(entries)

type Parsed = CamelCased<v.InferOutput<typeof configSchema>>

/** `config.json` in camelCase, with every default resolved. */
export interface ModelConfig extends Omit<Parsed, 'embeddingSize' | 'tasks'> {
  readonly embeddingSize: number
  readonly tasks: readonly TaskSpec[]
}

/** Every key of `config.json` and of `model` in training settings. */
export const MODEL_KEYS: readonly string[] = Object.keys(entries)

/** Each alternative to the reference network by itself; the tests of every back end run over them. */
export const MODEL_ALTERNATIVES: readonly Readonly<Record<string, unknown>>[] = [
  ...Object.entries(alternatives).flatMap(([key, [, ...others]]) => others.map((other) => ({ [key]: other }))),
  { embedding_size: 8 }
]

/** The only place where snake_case becomes camelCase. Throws `config-invalid` naming the key. */
export function parseModelConfig(json: unknown, source = 'config.json'): ModelConfig {
  const parsed = v.safeParse(configSchema, json)
  if (!parsed.success) throw new MatcherError('config-invalid', `${source}: ${describeIssues(parsed.issues)}.`)
  const config = camelCased(parsed.output)
  const { hiddenSize, numAttentionHeads, tasks = SOHU_TASKS } = config
  if (hiddenSize % numAttentionHeads !== 0 || (hiddenSize / numAttentionHeads) % 2 !== 0) {
    throw new MatcherError(
      'config-invalid',
      `${source}: hidden_size ${hiddenSize} does not divide into ${numAttentionHeads} heads of even size.`
    )
  }
  const problem = taskProblem(tasks)
  if (problem) throw new MatcherError('config-invalid', `${source}: ${problem}.`)
  const labelled = tasks.find(({ kind }) => kind)
  if (labelled && config.architecture === 'bi-encoder') {
    throw new MatcherError(
      'config-invalid',
      `${source}: the task "${labelled.name}" has labels or a score, and a bi-encoder only compares the vectors of two texts; set architecture to "cross-encoder".`
    )
  }
  if (config.positionEmbeddingType === 'absolute' && config.maxLength > config.maxPositionEmbeddings) {
    throw new MatcherError(
      'config-invalid',
      `${source}: max_length ${config.maxLength} is beyond the position table (max_position_embeddings ${config.maxPositionEmbeddings}); lower max_length.`
    )
  }
  return { ...config, embeddingSize: config.embeddingSize ?? hiddenSize, tasks }
}

/** The inverse of `parseModelConfig`. */
export function modelConfigToJson(config: ModelConfig): Record<string, unknown> {
  return snakeCased(config)
}
