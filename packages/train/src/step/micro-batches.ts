import { kindOf, type TaskSpec, type Vocab } from '@sohu-match/core'
import type { AuxiliaryTargets } from './auxiliary'
import type { TrainSettings } from '../config'
import { gatherBatch, labelTerms, type PaddedBatch } from '../data/batch'
import { textBatch, type TextTrainingBatch } from '../data/text-batch'
import {
  columnMoments,
  EXCHANGED_FIGURES,
  inverseFrequencies,
  LEXICAL_FIGURES,
  lexicalFigures,
  matchTargets,
  wordTokens
} from '../data/overlap'
import type { EncodedPairs } from '../data/encode'
import { createRandom } from '../data/random'
import { negativesOf } from '../evaluate/mine'
import { renamer } from '../data/rename'
import type { Prepared } from '../run/prepare'
import type { TeacherTargets } from '../teacher/targets'
import { lossShares, scoreTargets, vectorTargets } from './distil'
import type { MicroBatch } from './trainer'

/**
 * Makes the batches of a step: the pairs at `indices` in `epoch`, each with weight `pairWeight`. `mined` are the
 * negatives of all pairs, as returned by `mineNegatives`.
 */
export type BatchMaker<Batch extends MicroBatch> = (
  indices: Int32Array,
  epoch: number,
  pairWeight?: number,
  mined?: readonly number[]
) => Batch[]

/** A single batch, since the texts of a batch are each other's negatives. */
export function textBatches(
  settings: TrainSettings,
  { pairs: { train: pairs }, config }: Pick<Prepared, 'pairs' | 'config'>,
  teacher?: TeacherTargets
): BatchMaker<TextTrainingBatch> {
  const { contrastiveWeight, contrastiveScale, minedNegatives } = settings
  const factors = taskFactors(settings.taskWeights, config.tasks, pairs.taskIds)
  const contrast = { taskFactors: factors, contrastiveWeight, contrastiveScale }
  return (indices, epoch, weight = 1 / indices.length, mined = []) => {
    const shares = lossShares(settings, epoch)
    const negatives = shares.labels > 0 ? negativesOf(indices, mined, minedNegatives) : []
    const batch = textBatch(pairs, indices, { ...contrast, weight, labelShare: shares.labels, negatives })
    const weights = batch.pairWeights.map((value) => value * shares.teacher)
    const scores = scoreTargets(settings, teacher, indices, weights)
    const count = batch.groups.reduce((sum, group) => sum + group.batch, 0)
    const vectors = vectorTargets(settings, teacher?.texts, indices, { a: batch.a, b: batch.b, count, weights })
    return [{ ...batch, ...(scores && { teacher: scores }), ...(vectors && { teacherVectors: vectors }) }]
  }
}

/**
 * Pads the pairs of a batch, as one or, above `micro_batch_tokens` padded tokens, as several micro-batches. Each pair
 * keeps its weight in the whole batch, so the summed gradients do not depend on the cut.
 */
export function microBatches(
  settings: TrainSettings,
  { pairs: { train: pairs }, tokenizer, config }: Pick<Prepared, 'pairs' | 'tokenizer' | 'config'>,
  teacher?: TeacherTargets
): BatchMaker<PaddedBatch & MicroBatch> {
  const auxiliary = settings.tokenMatchWeight > 0 || settings.lexicalWeight > 0
  const targets = auxiliary ? auxiliaryTargets(pairs, tokenizer.vocab) : undefined
  const factors = taskFactors(settings.taskWeights, config.tasks, pairs.taskIds)
  const exchanges = exchangesOf(settings, pairs.taskIds, config.tasks)
  const rename = renamer(pairs, tokenizer.vocab, { share: settings.renameWords, seed: settings.seed })
  return (indices, epoch, pairWeight) => {
    const weight = pairWeight ?? 1 / indices.length
    const renamed = (tokens: Int32Array, pair: number): Int32Array => rename(tokens, pair, epoch)
    const exchanged = exchanges(epoch)
    const shares = lossShares(settings, epoch)
    return cut(indices, pairs.offsets, settings.microBatchTokens).map((part) => {
      const padded = gatherBatch(pairs, part, { weight, exchanged, renamed })
      const pairWeights = padded.weights.map((value, row) => value * factors[padded.taskIds[row]!]!)
      const weights = pairWeights.map((value) => value * shares.teacher)
      const scores = scoreTargets(settings, teacher, part, weights)
      return {
        ...padded,
        ...labelTerms(padded.labels, pairWeights, shares.labels, padded.targets),
        ...(scores && { teacher: scores }),
        ...targets?.(part, padded, exchanged),
        pairWeights
      }
    })
  }
}

/** Loss weights by task id, normalized to mean 1 over the pairs, so that the loss keeps its scale. */
export function taskFactors(
  weights: TrainSettings['taskWeights'],
  tasks: readonly TaskSpec[],
  taskIds: Int32Array
): number[] {
  const wanted = tasks.map(({ name }) => (Object.hasOwn(weights, name) ? weights[name]! : 1))
  const mean = taskIds.reduce((sum, task) => sum + wanted[task]!, 0) / taskIds.length
  return wanted.map((weight) => weight / mean)
}

/** Lexical features are normalized to mean 0 and deviation 1 over all pairs. */
function auxiliaryTargets(pairs: EncodedPairs, vocab: Vocab) {
  const isWord = wordTokens(vocab)
  const figures = lexicalFigures(pairs, vocab, inverseFrequencies(pairs, vocab.tokens.length))
  const { mean, deviation } = columnMoments(figures, LEXICAL_FIGURES)
  return (
    indices: Int32Array,
    batch: PaddedBatch,
    exchanged: (pair: number) => boolean
  ): Omit<AuxiliaryTargets, 'pairWeights'> => {
    const { targets, mask } = matchTargets(batch, isWord)
    const lexical = Float32Array.from({ length: indices.length * LEXICAL_FIGURES }, (_, i) => {
      const [pair, column] = [indices[Math.floor(i / LEXICAL_FIGURES)]!, i % LEXICAL_FIGURES]
      const value = figures[pair * LEXICAL_FIGURES + (exchanged(pair) ? EXCHANGED_FIGURES[column]! : column)]!
      return (value - mean[column]!) / deviation[column]!
    })
    return { tokenMatch: targets, tokenMask: mask, lexical }
  }
}

/**
 * Pairs of match tasks whose texts are swapped (labels may have a direction); deterministic in seed and epoch, so that a
 * resumed run sees the same.
 */
function exchangesOf(
  { exchangeTexts, seed }: TrainSettings,
  taskIds: Int32Array,
  tasks: readonly TaskSpec[]
): (epoch: number) => (pair: number) => boolean {
  if (exchangeTexts === 0) return () => () => false
  const symmetric = tasks.map((task) => kindOf(task) === 'match')
  let drawn: { epoch: number; exchanged: Uint8Array } | undefined
  return (epoch) => {
    if (drawn?.epoch !== epoch) {
      const random = createRandom('exchange', seed, epoch)
      drawn = {
        epoch,
        exchanged: Uint8Array.from(taskIds, (task) => (random.chance(exchangeTexts) && symmetric[task] ? 1 : 0))
      }
    }
    const { exchanged } = drawn
    return (pair) => exchanged[pair] === 1
  }
}

/** Keeps each part's padded tokens within the limit (0: no limit); a longer pair is a part of its own. */
function cut(indices: Int32Array, offsets: Int32Array, limit: number): Int32Array[] {
  if (limit === 0) return [indices]
  const parts: Int32Array[] = []
  let start = 0
  let longest = 0
  indices.forEach((pair, i) => {
    longest = Math.max(longest, offsets[pair + 1]! - offsets[pair]!)
    if (i > start && (i - start + 1) * longest > limit) {
      parts.push(indices.slice(start, i))
      start = i
      longest = offsets[pair + 1]! - offsets[pair]!
    }
  })
  parts.push(indices.slice(start))
  return parts
}
