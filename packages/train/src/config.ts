import {
  camelCased,
  describeIssues,
  MatcherError,
  MODEL_KEYS,
  recordOf,
  snakeCased,
  type CamelCased
} from '@sohu-match/core'
import { namedJson } from '@sohu-match/node'
import { closest } from 'fastest-levenshtein'
import * as v from 'valibot'
import { PRESETS } from './presets'

const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1))
const count = v.pipe(v.number(), v.integer(), v.minValue(1))
const atLeastZero = v.pipe(v.number(), v.minValue(0))
const positive = v.pipe(v.number(), v.gtValue(0))

/** Every key of a training configuration, as presets and `--set` name them. */
const entries = {
  /** Sizes and switches of the network: the keys of `config.json`. Ignored with `--init`, but for max_length and hidden_dropout_prob. */
  model: v.record(v.string(), v.unknown()),
  seed: v.optional(v.pipe(v.number(), v.integer()), 1),
  epochs: count,
  /** Pairs that an epoch shows, drawn anew for each; 0: all. Of `buckets`. */
  epoch_pairs: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
  /** Names of the data's tasks to train on; none: all. The network then knows these tasks only. */
  only_tasks: v.optional(v.array(v.string()), []),
  /** What the loss of a task's pairs weighs, by its name (1 where there is none); brought to mean 1 over the training pairs. */
  task_weights: v.optional(recordOf(positive), {}),
  /** Epochs without a better valid score after which the run ends; 0: it never ends early. */
  patience: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),

  /** `reference`: one permutation, `batch_pairs` each. `buckets`: pools sorted by length, cut by `batch_tokens` padded tokens and `batch_pairs`. */
  batching: v.optional(v.picklist(['buckets', 'reference']), 'buckets'),
  batch_pairs: v.optional(count, 16),
  /** `auto`: as many as the free memory holds, measured when the run begins; the number is kept in `train.json`. */
  batch_tokens: v.optional(v.union([count, v.literal('auto')]), 4096),
  /** Padded tokens of one forward and backward pass; a larger batch is accumulated over several. 0: never cut. */
  micro_batch_tokens: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),

  /** Factors of the learning rate by the beginning of a parameter's name, or its end after a star: `{ "score.": 100, "*_cond": 10 }`. */
  learning_rate_factors: v.optional(v.record(v.string(), positive), {}),
  adam: v.optional(v.picklist(['keras', 'bert4keras']), 'keras'),
  learning_rate: positive,
  warmup: v.optional(share, 0),
  decay: v.optional(v.picklist(['none', 'linear', 'cosine']), 'none'),
  beta1: v.optional(share, 0.9),
  beta2: v.optional(share, 0.999),
  epsilon: v.optional(positive, 1e-7),
  /** Decoupled, on kernels and word embeddings. */
  weight_decay: v.optional(atLeastZero, 0),
  /** Joint L2 norm that gradients are cut to; 0 does not cut. */
  clip_norm: v.optional(atLeastZero, 0),
  ema_momentum: v.optional(share, 0.9999),
  /** Adversarial training: length by which word embeddings are shifted along the loss's gradient (Miyato et al. 2017, arXiv:1605.07725). */
  fgm_epsilon: v.optional(atLeastZero, 0),

  /** `reference`: as Keras. `cross`: attention compares the two texts from the first step. */
  initialization: v.optional(v.picklist(['reference', 'cross']), 'reference'),
  /** `reference`: TruncatedNormal(0.02). `texts`: unit variance, from a word's characters and the training texts it occurs in. */
  embedding_start: v.optional(v.picklist(['reference', 'texts']), 'reference'),
  /** With `texts`: deviation of a first dimension that tells how rare the word is; 0: none. */
  embedding_idf: v.optional(atLeastZero, 0),
  /** Share of the pairs that an epoch shows with their texts in the other order, drawn anew each epoch: a match has no direction. */
  exchange_texts: v.optional(share, 0),
  /** Share of a pair's rare words that an epoch shows as other words about as rare, the same ones in both texts, drawn anew each epoch. */
  rename_words: v.optional(share, 0),
  /**
   * Of a bi-encoder, whose data say what each text is about: weight of the loss that draws the texts of a batch to those of the same key and
   * away from all others; 0: none.
   */
  contrastive_weight: v.optional(atLeastZero, 0),
  /**
   * Texts that join each pair in that loss from the second epoch on: those of another key, of its task, that the averaged weights find nearest
   * to its first text at the epoch's start. A step reads that many more texts per pair.
   */
  mined_negatives: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
  /** Factor of the cosines in that loss: the inverse temperature (20 in sentence-transformers). */
  contrastive_scale: v.optional(positive, 20),
  /**
   * Of a run with a teacher: weight of the loss that follows it, beside the labels' (Hinton et al. 2015, arXiv:1503.02531). Pairs without a
   * label have this loss alone.
   */
  distill_weight: v.optional(atLeastZero, 0),
  /** The first epochs, in which labels count nothing and the teacher alone is followed, with weight 1. */
  distill_epochs: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
  /** Divides the logits of both before the comparison: above 1, small probabilities count for more. */
  distill_temperature: v.optional(positive, 1),
  /** What is followed: the teacher's scores of pairs, its vectors of texts (both are bi-encoders), or the sum of both losses. */
  distill_targets: v.optional(v.picklist(['scores', 'vectors', 'both']), 'scores'),
  /** Tokens that training cuts to, below the model's `max_length`: shorter steps; evaluation and use read all. 0: as the model. */
  train_max_length: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
  /**
   * R-Drop: weight α of the divergence between two passes of each pair under different dropout (kexue.fm/archives/8496); 0: one pass. A step
   * then takes twice the time and memory. Not with token_match_weight or lexical_weight.
   */
  r_drop_weight: v.optional(atLeastZero, 0),
  token_match_weight: v.optional(atLeastZero, 0),
  lexical_weight: v.optional(atLeastZero, 0),

  /**
   * `dense`: Adam moves every row of the word embeddings, as the reference. `lazy`: only the rows of the batch's tokens; the others keep their
   * weights and moments, so the numbers differ, and a step over a large vocabulary costs less.
   */
  embeddings: v.optional(v.picklist(['dense', 'lazy']), 'dense'),

  /**
   * Products of dense layers and attention: `float32` as the reference, or `bfloat16` with float32 sums, about twice as fast on processors
   * that have it (elsewhere the run stays in float32 and says so). Weights, moments, norms and losses are float32 in either.
   */
  precision: v.optional(v.picklist(['float32', 'bfloat16']), 'float32'),
  /**
   * Element-wise work of a step: `plain`, as TensorFlow's own operations; or `auto`, in the fused kernels of `native/`, compiled by set-up,
   * and with only the first position of the last layer where `pooling` is `cls`. `auto` is faster and differs from `plain` in the last bits.
   * On a GPU, and where set-up found no compiler, the run stays plain and reports it.
   */
  kernels: v.optional(v.picklist(['plain', 'auto']), 'plain'),
  /** What the backward pass keeps: all it reads, all but attention probabilities, or each layer's input only. */
  recompute: v.optional(v.picklist(['none', 'attention', 'layer']), 'none'),
  /** Steps between writes of `last/`, beside each epoch's end; 0 writes at epoch ends only. */
  checkpoint_steps: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 500)
}

/** Keys that are no longer settings, and the value each has now. `train.json` of older runs holds them. */
const FIXED: Readonly<Record<string, number>> = {
  bucket_pool: 1024,
  cross_query_gain: 1.5,
  cross_segment: 0.5,
  cross_value_gain: 0.7,
  final_share: 0,
  gradient_penalty: 0,
  vocab_min_count: 1
}

const schema = v.strictObject(entries)

/** A checked training configuration: the keys of the JSON in camel case. */
export type TrainSettings = CamelCased<v.InferOutput<typeof schema>>

/** The presets that ship with the package. */
export const presets = namedJson(PRESETS, 'preset')

/** Applies `key=value` overrides (`model.hidden_size=128`; values are JSON, or strings). Throws `config-invalid`. */
export function applyOverrides(preset: Record<string, unknown>, overrides: readonly string[]): Record<string, unknown> {
  return overrides.reduce((config, override) => {
    const [, path, text] = /^([^=]+)=(.*)$/s.exec(override) ?? []
    if (path === undefined)
      throw new MatcherError(
        'config-invalid',
        `--set ${override} is not key=value, for example --set learning_rate=0.0005.`
      )
    return withValue(config, path.trim().split('.'), jsonOrString(text!))
  }, structuredClone(preset))
}

/** The object with a value at a path of keys; each is an own property, whatever it is called. */
export function withValue(object: unknown, [key, ...rest]: readonly string[], value: unknown): Record<string, unknown> {
  const entries = typeof object === 'object' && object !== null ? Object.entries(object) : []
  const there = new Map<string, unknown>(entries)
  there.set(key!, rest.length === 0 ? value : withValue(there.get(key!), rest, value))
  return Object.fromEntries(there)
}

/** Throws `config-invalid` for a key that is not among `known`, naming the nearest; `prefix` stands before both. */
export function requireKnownKeys(json: object, known: readonly string[], source: string, prefix = ''): void {
  const unknown = Object.keys(json).find((key) => !known.includes(key))
  if (unknown === undefined) return
  throw new MatcherError(
    'config-invalid',
    `${source}: there is no key "${prefix}${unknown}"; did you mean "${prefix}${closest(unknown, known)}"?`
  )
}

/** The configuration without keys that are fixed now. Throws `config-invalid` where one has another value. */
function withoutFixedKeys(json: Record<string, unknown>, source: string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(json).filter(([key, value]) => {
      if (!Object.hasOwn(FIXED, key)) return true
      if (value === FIXED[key]) return false
      throw new MatcherError(
        'config-invalid',
        `${source}: "${key}" is ${JSON.stringify(value)}, but it is fixed at ${FIXED[key]} since it was removed; leave it out.`
      )
    })
  )
}

/** Checks a configuration once, at the edge. Throws `config-invalid` naming the bad key, and the nearest one that exists. */
export function parseTrainSettings(given: Record<string, unknown>, source: string): TrainSettings {
  const json = withoutFixedKeys(given, source)
  requireKnownKeys(json, Object.keys(entries), source)
  const parsed = v.safeParse(schema, json)
  if (!parsed.success) throw new MatcherError('config-invalid', `${source}: ${describeIssues(parsed.issues)}.`)
  requireKnownKeys(parsed.output.model, MODEL_KEYS, source, 'model.')
  const { r_drop_weight, token_match_weight, lexical_weight } = parsed.output
  if (r_drop_weight > 0 && token_match_weight + lexical_weight > 0) {
    throw new MatcherError(
      'config-invalid',
      `${source}: r_drop_weight does not go with token_match_weight or lexical_weight; set them to 0.`
    )
  }
  return camelCased(parsed.output)
}

/** The JSON of a configuration, every default resolved; `parseTrainSettings` reads it back. */
export function trainSettingsToJson(settings: TrainSettings): Record<string, unknown> {
  const json = snakeCased(settings)
  return Object.fromEntries(Object.keys(entries).map((key) => [key, json[key]]))
}

function jsonOrString(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
