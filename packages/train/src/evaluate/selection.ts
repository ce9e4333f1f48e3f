import { meanOfNumbers, ownScores, type Metrics } from '@sohu-match/core'

/**
 * Score of an epoch for choosing the best one: the mean of F1 (of the groups, at the thresholds) and AUC (of the
 * tasks). On a small valid split F1 alone jumps with single pairs at the threshold, while AUC uses every score. Tasks
 * and groups that lack a class are omitted; NaN if none is left. With tasks of other kinds, the mean of all own scores
 * (`ownScores`).
 */
export function selectionScore(metrics: Metrics): number {
  const { mean, tasks, answers } = metrics
  if (answers) return meanOfNumbers(Object.values(ownScores(metrics)))
  return meanOfNumbers([mean, meanOfNumbers(Object.values(tasks).map(({ auc }) => auc))])
}
