import type { ScoreTargets, VectorTargets } from '../autograd/distil'
import type { TrainSettings } from '../config'
import type { TeacherTargets } from '../teacher/targets'

/** Factors of the losses of labels and teacher. */
export interface LossShares {
  readonly labels: number
  readonly teacher: number
}

/** Of an epoch (from 0): the teacher alone at first, then labels and teacher. */
export function lossShares(
  { distillEpochs, distillWeight }: Pick<TrainSettings, 'distillEpochs' | 'distillWeight'>,
  epoch: number
): LossShares {
  return epoch < distillEpochs ? { labels: 0, teacher: 1 } : { labels: 1, teacher: distillWeight }
}

/** A teacher's scores of a batch's pairs with `weights` in the loss; undefined if scores are not followed. */
export function scoreTargets(
  { distillTargets, distillTemperature: temperature }: TrainSettings,
  targets: TeacherTargets | undefined,
  pairs: Int32Array,
  weights: Float32Array
): ScoreTargets | undefined {
  if (!targets || distillTargets === 'vectors' || weights.every((weight) => weight === 0)) return undefined
  return { logits: Float32Array.from(pairs, (pair) => targets.logits[pair]!), weights, temperature }
}

/** `a` and `b` are rows of each pair's texts. A text's weight is half the sum of the weights of its pairs. */
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
