import type { ScoreTargets, VectorTargets } from '../autograd/distil'
import type { TrainSettings } from '../config'
import type { TeacherTargets } from '../teacher/targets'

/** What labels and teacher count in the loss of an epoch. */
export interface LossShares {
  readonly labels: number
  readonly teacher: number
}

/** The shares of an epoch (from 0): the teacher alone at first, then labels with the teacher beside them. */
export function lossShares(
  { distillEpochs, distillWeight }: Pick<TrainSettings, 'distillEpochs' | 'distillWeight'>,
  epoch: number
): LossShares {
  return epoch < distillEpochs ? { labels: 0, teacher: 1 } : { labels: 1, teacher: distillWeight }
}

/** A teacher's scores of the pairs of a batch, each of which has `weights` of the loss; undefined where scores are not followed. */
export function scoreTargets(
  { distillTargets, distillTemperature: temperature }: TrainSettings,
  targets: TeacherTargets | undefined,
  pairs: Int32Array,
  weights: Float32Array
): ScoreTargets | undefined {
  if (!targets || distillTargets === 'vectors' || weights.every((weight) => weight === 0)) return undefined
  return { logits: Float32Array.from(pairs, (pair) => targets.logits[pair]!), weights, temperature }
}

/**
 * A teacher's vectors of the texts of a batch: rows `a` and `b` are the texts of each pair. A text's share of the loss is half of the shares
 * of the pairs that it stands in.
 */
export function vectorTargets(
  { distillTargets }: TrainSettings,
  texts: TeacherTargets['texts'],
  pairs: Int32Array,
  { a, b, count, weights }: { a: Int32Array; b: Int32Array; count: number; weights: Float32Array }
): VectorTargets | undefined {
  if (!texts || distillTargets === 'scores' || weights.every((weight) => weight === 0)) return undefined
  const { width } = texts
  const vectors = new Float32Array(count * width)
  const shares = new Float32Array(count)
  pairs.forEach((pair, i) => {
    for (const [row, from] of [
      [a[i]!, texts.a[pair]!],
      [b[i]!, texts.b[pair]!]
    ] as const) {
      vectors.set(texts.vectors.subarray(from * width, (from + 1) * width), row * width)
      shares[row]! += weights[i]! / 2
    }
  })
  return { vectors, width, weights: shares }
}
