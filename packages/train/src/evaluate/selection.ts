import { meanOfNumbers, type Metrics } from '@sohu-match/core'

/**
 * Score of an epoch for choosing the best one: the mean of F1 (of the groups, at the thresholds) and AUC (of the
 * tasks). On a small valid split F1 alone jumps with single pairs at the threshold, while AUC uses every score. Tasks
 * and groups that lack a class are omitted; NaN if none is left.
 */
export function selectionScore({ mean, tasks }: Metrics): number {
  return meanOfNumbers([mean, meanOfNumbers(Object.values(tasks).map(({ auc }) => auc))])
}
