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

/** Every key of the training settings, as presets and `--set` name them. */
const entries = {
  /** As in `config.json`. With `--init`: only architecture, max_length, hidden_dropout_prob and pooling. */
  model: v.record(v.string(), v.unknown()),
  seed: v.optional(v.pipe(v.number(), v.integer()), 1),
  epochs: count,
  /** Pairs per epoch, drawn again for each; 0: all. Only with `buckets`. */
  epoch_pairs: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
  /** Names of the tasks to train on; empty: all. The network then knows only these. */
  only_tasks: v.optional(v.array(v.string()), []),
  /** Loss weight by task name (default 1), normalized to mean 1 over the training pairs. */
  task_weights: v.optional(recordOf(positive), {}),
  /** The run ends after this many epochs without a better valid score; 0: never early. */
  patience: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),

  /**
   * `buckets`: sorted by length, cut at `batch_tokens` padded tokens and `batch_pairs`. `reference`: `batch_pairs`
   * each.
   */
  batching: v.optional(v.picklist(['buckets', 'reference']), 'buckets'),
  batch_pairs: v.optional(count, 16),
  /**
   * Whether the pairs of all tasks share the batches of a bi-encoder with `buckets`. By default a batch has those of one task, whose texts are
   * each other's negatives in the contrastive loss: as many as there can be, since it compares texts of one task only. Other batches are always mixed.
   */
  mix_tasks: v.optional(v.boolean(), false),
  /** `auto`: as many as memory holds, measured when the run starts; `train.json` records the number. */
  batch_tokens: v.optional(v.union([count, v.literal('auto')]), 4096),
  /** Padded tokens of one forward and backward pass; a larger batch is accumulated over several. 0: no limit. */
  micro_batch_tokens: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),

  /** By prefix of a parameter's name, or by suffix after a star: `{ "score.": 100, "*_cond": 10 }`. */
  learning_rate_factors: v.optional(v.record(v.string(), positive), {}),
  adam: v.optional(v.picklist(['keras', 'bert4keras']), 'keras'),
  learning_rate: positive,
  warmup: v.optional(share, 0),
  decay: v.optional(v.picklist(['none', 'linear', 'cosine']), 'none'),
  beta1: v.optional(share, 0.9),
  beta2: v.optional(share, 0.999),
  epsilon: v.optional(positive, 1e-7),
  /** Decoupled; applies to kernels and word embeddings. */
  weight_decay: v.optional(atLeastZero, 0),
  /** Maximum joint L2 norm of the gradients; 0: no clipping. */
  clip_norm: v.optional(atLeastZero, 0),
  ema_momentum: v.optional(share, 0.9999),
  /**
   * Adversarial shift of the word embeddings along the loss's gradient: its length (Miyato et al. 2017,
   * arXiv:1605.07725).
   */
  fgm_epsilon: v.optional(atLeastZero, 0),

  /** `reference`: as Keras. `cross`: attention compares the two texts from the first step. */
  initialization: v.optional(v.picklist(['reference', 'cross']), 'reference'),
  /** `reference`: TruncatedNormal(0.02). `texts`: unit variance, from a word's characters and its training texts. */
  embedding_start: v.optional(v.picklist(['reference', 'texts']), 'reference'),
  /** With `texts`: standard deviation of a first dimension that encodes how rare the word is; 0: none. */
  embedding_idf: v.optional(atLeastZero, 0),
  /** Share of the pairs whose texts are swapped, drawn again each epoch: a match has no direction. */
  exchange_texts: v.optional(share, 0),
  /**
   * Share of a pair's rare words to replace by others about as rare, the same in both texts, drawn again each epoch.
   */
  rename_words: v.optional(share, 0),
  /** Weight of a bi-encoder's contrastive loss, which pulls texts with the same key together, others apart; 0: none. */
  contrastive_weight: v.optional(atLeastZero, 0),
  /**
   * Texts that join each pair in the contrastive loss from the second epoch on: the nearest to its first text among
   * those of its task with another key, under the averaged weights at the epoch's start. A step reads that many more
   * texts per pair.
   */
  mined_negatives: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
  /** Factor of the cosines in the contrastive loss: the inverse temperature (20 in sentence-transformers). */
  contrastive_scale: v.optional(positive, 20),
  /** Weight of the teacher's loss next to the labels' (Hinton et al. 2015, arXiv:1503.02531). */
  distill_weight: v.optional(atLeastZero, 0),
  /** Number of first epochs that follow only the teacher, with weight 1, and ignore labels. */
  distill_epochs: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
  /** Divides the logits of teacher and student: above 1, small probabilities count more. */
  distill_temperature: v.optional(positive, 1),
  /** The teacher's outputs to follow: scores of pairs, vectors of texts (if both are bi-encoders), or both. */
  distill_targets: v.optional(v.picklist(['scores', 'vectors', 'both']), 'scores'),
  /**
   * Training truncates to this many tokens, for shorter steps; evaluation and inference do not. 0: the model's
   * `max_length`.
   */
  train_max_length: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
  /**
   * R-Drop: weight α of the divergence between two passes of each pair under different dropout
   * (kexue.fm/archives/8496); 0: one pass. Doubles the time and memory of a step. Not with token_match_weight or
   * lexical_weight.
   */
  r_drop_weight: v.optional(atLeastZero, 0),
  /**
   * Loss of tasks of which any label may hold: `multilabel` (Su 2020, kexue.fm/archives/7359: labels that hold above 0 and above the others), or
   * `sigmoid`, a cross-entropy for each label.
   */
  any_of_loss: v.optional(v.picklist(['multilabel', 'sigmoid']), 'multilabel'),
  token_match_weight: v.optional(atLeastZero, 0),
  lexical_weight: v.optional(atLeastZero, 0),

  /**
   * `dense`: Adam updates every row of the word embeddings, like the reference. `lazy`: only the rows of the batch's
   * tokens; the others keep their weights and moments, so results differ, and a step over a large vocabulary costs
   * less.
   */
  embeddings: v.optional(v.picklist(['dense', 'lazy']), 'dense'),

  /**
   * Matrix products: `float32` like the reference, or `bfloat16` with float32 sums, about twice as fast on processors
   * that support it, and on GPUs from Ampere on (on others the run stays in float32 and reports it). Weights, moments, norms and losses are always
   * float32.
   */
  precision: v.optional(v.picklist(['float32', 'bfloat16']), 'float32'),
  /**
   * Element-wise work of a step: `plain` TensorFlow operations, or `auto`: the fused kernels of `native/`, compiled by
   * set-up, and only the first position of the last layer if `pooling` is `cls`. `auto` is faster and differs from
   * `plain` in the last bits. On a GPU, and if set-up found no compiler, the run stays plain and reports it.
   */
  kernels: v.optional(v.picklist(['plain', 'auto']), 'plain'),
  /** Kept for the backward pass: everything it reads, everything but attention probabilities, or each layer's input. */
  recompute: v.optional(v.picklist(['none', 'attention', 'layer']), 'none'),
  /** Steps between writes of `last/`, in addition to each epoch's end; 0: at epoch ends only. */
  checkpoint_steps: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 500)
}

/** Former settings and their values now. `train.json` of older runs has them. */
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

export type TrainSettings = CamelCased<v.InferOutput<typeof schema>>

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

/** Names settings in an error: a preset alone, or one that `--set` changed. */
export function settingsName(preset: string, overrides: readonly string[]): string {
  return overrides.length === 0 ? `preset ${preset}` : `preset ${preset} with --set ${overrides.join(' ')}`
}

/** A copy of `object` with `value` at a path of keys; each is an own property, whatever its name. */
export function withValue(object: unknown, [key, ...rest]: readonly string[], value: unknown): Record<string, unknown> {
  const entries = typeof object === 'object' && object !== null ? Object.entries(object) : []
  const there = new Map<string, unknown>(entries)
  there.set(key!, rest.length === 0 ? value : withValue(there.get(key!), rest, value))
  return Object.fromEntries(there)
}

/** Throws `config-invalid` for a key that is not in `known`, naming the nearest; `prefix` goes before both. */
export function requireKnownKeys(json: object, known: readonly string[], source: string, prefix = ''): void {
  const unknown = Object.keys(json).find((key) => !known.includes(key))
  if (unknown === undefined) return
  throw new MatcherError(
    'config-invalid',
    `${source}: there is no key "${prefix}${unknown}"; did you mean "${prefix}${closest(unknown, known)}"?`
  )
}

/** Removes former settings. Throws `config-invalid` if one has another value than it has now. */
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

/** Throws `config-invalid` naming the invalid key, and the nearest one that exists. */
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

/** With every default resolved; `parseTrainSettings` reads it back. */
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
