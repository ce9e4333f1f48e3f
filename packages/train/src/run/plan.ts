import type { Example, ModelConfig } from '@sohu-match/core'
import { characters, lengthWithin } from '../data/facts'

/** The possible starts of a planned run. */
export type PlannedStart =
  | {
      readonly kind: 'public'
      readonly name: string
      /** False if training is to fetch them. */ readonly kept: boolean
    }
  | ({ readonly kind: 'checkpoint'; readonly folder: string } & Pick<
      ModelConfig,
      'architecture' | 'pooling' | 'maxLength'
    >)
  /** From scratch; the reason is for the user. */
  | { readonly kind: 'nothing'; readonly reason: string }

/** Settings chosen from data, as flags, with a sentence for each choice. */
export interface RunPlan {
  readonly preset: string
  readonly set: readonly string[]
  readonly reasons: readonly string[]
}

/** Minimum number of updates for fine-tuning and from scratch; on LCQMC, AUC rose beyond 500. */
const STEPS = { tuned: 750, scratch: 1500 } as const
/** Maximum number of pairs per epoch, so that valid is scored often enough. */
const EPOCH_PAIRS = 10_000
/** Maximum tokens of a text (bi-encoder) or pair in training: attention is quadratic, and beginnings say most. */
const LONGEST = { tuned: 256, scratch: 384 } as const
/** Fewer training pairs get smaller batches, so that an epoch has more updates. */
const FEW_PAIRS = 1000

/** Chooses preset, length, epochs and batches for training pairs. */
export function planRun(train: readonly Example[], start: PlannedStart): RunPlan {
  return start.kind === 'nothing' ? fromScratch(train, start.reason) : fromWeights(train, start)
}

function fromWeights(train: readonly Example[], start: Exclude<PlannedStart, { kind: 'nothing' }>): RunPlan {
  const labelled = train.some(({ target }) => target)
  const bi = !labelled && (start.kind === 'public' || start.architecture === 'bi-encoder')
  const length = Math.min(
    roundedLength(train, bi, LONGEST.tuned),
    start.kind === 'checkpoint' ? start.maxLength : Infinity
  )
  const batch = train.length < FEW_PAIRS ? 16 : 32
  const schedule = scheduleOf(train.length, batch, STEPS.tuned, 10)
  const keys = bi && train.some(({ keys }) => keys)
  return {
    preset: 'model-zh',
    set: [
      ...(bi ? [] : ['model.architecture=cross-encoder', 'learning_rate_factors={}']),
      // the preset's values would replace the checkpoint's own
      ...(start.kind === 'checkpoint' ? [`model.pooling=${start.pooling}`, `model.max_length=${start.maxLength}`] : []),
      ...(keys ? [] : ['contrastive_weight=0']),
      `train_max_length=${length}`,
      `batch_pairs=${batch}`,
      ...schedule.set,
      'patience=2'
    ],
    reasons: [
      startReason(start),
      ...(labelled && (start.kind === 'public' || start.architecture === 'bi-encoder')
        ? ['Architecture: cross-encoder, because there are tasks with labels or a score, which vectors cannot answer.']
        : []),
      ...(start.kind === 'public' && bi
        ? [
            'Architecture: bi-encoder, each text by itself. With few labels it keeps what the public encoder knows; vectors can be kept.'
          ]
        : []),
      lengthReason(train, bi, length),
      scheduleReason(train.length, batch, schedule, 2)
    ]
  }
}

function fromScratch(train: readonly Example[], reason: string): RunPlan {
  const length = roundedLength(train, false, LONGEST.scratch)
  const schedule = scheduleOf(train.length, 32, STEPS.scratch, 20)
  return {
    preset: 'news-small',
    set: [`model.max_length=${length}`, 'batch_pairs=32', ...schedule.set, 'patience=3'],
    reasons: [
      `Start: at random, because ${reason}. From scratch it takes many thousand pairs to be better than the lexical baseline.`,
      lengthReason(train, false, length),
      scheduleReason(train.length, 32, schedule, 3)
    ]
  }
}

function startReason(start: Exclude<PlannedStart, { kind: 'nothing' }>): string {
  return start.kind === 'public'
    ? `Start: the public weights ${start.name}, which know Chinese already${start.kept ? '' : '; training fetches them first, and starts at random where it cannot'}.`
    : `Start: the checkpoint ${start.folder}, a ${start.architecture}.`
}

interface Schedule {
  readonly epochs: number
  readonly stepsPerEpoch: number
  readonly shown: number
  readonly set: readonly string[]
}

function scheduleOf(pairs: number, batch: number, steps: number, most: number): Schedule {
  const shown = Math.min(pairs, EPOCH_PAIRS)
  const stepsPerEpoch = Math.max(1, Math.ceil(shown / batch))
  const passes = Math.ceil((2 * pairs) / shown) // every pair is shown twice on average
  const epochs = Math.max(2, Math.min(most, Math.max(passes, Math.ceil(steps / stepsPerEpoch))))
  return { epochs, stepsPerEpoch, shown, set: [`epochs=${epochs}`, `epoch_pairs=${shown < pairs ? shown : 0}`] }
}

function scheduleReason(
  pairs: number,
  batch: number,
  { epochs, stepsPerEpoch, shown }: Schedule,
  patience: number
): string {
  const share = shown < pairs ? ` of ${shown} pairs each, drawn from ${pairs}` : ` over ${pairs} pairs`
  return (
    `Epochs: at most ${epochs}${share}, in batches of up to ${batch} pairs (${epochs * stepsPerEpoch} updates or more); ` +
    `the run ends earlier when valid has not risen for ${patience} epochs.`
  )
}

/** Tokens that 99 % of the texts, or pairs, stay within: one per character, and the special ones. */
function roundedLength(train: readonly Example[], single: boolean, most: number): number {
  const tokens = single
    ? lengthWithin(
        train.flatMap(({ a, b = '' }) => [a, b]),
        0.99
      ) + 2
    : lengthWithin(
        train.map(({ a, b = '' }) => a + b),
        0.99
      ) + 3
  return Math.max(32, Math.min(most, 16 * Math.ceil(tokens / 16)))
}

function lengthReason(train: readonly Example[], single: boolean, length: number): string {
  const cut = train.filter(({ a, b = '' }) =>
    single ? Math.max(characters(a), characters(b)) + 2 > length : characters(a) + characters(b) + 3 > length
  ).length
  const share = ((100 * cut) / Math.max(1, train.length)).toFixed(1)
  return `Length: ${single ? 'a text' : 'a pair'} is cut to ${length} tokens in training, which shortens at most ${share} % of the pairs.`
}
