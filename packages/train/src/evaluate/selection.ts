import { meanOfNumbers, type Metrics } from '@sohu-match/core'

/**
 * How good an epoch is, for choosing the best one: the mean of F1 (of the groups, at the thresholds) and AUC (of the tasks).
 * On a small valid split F1 alone jumps with single pairs at the threshold, while AUC uses every score; what one class is
 * missing for is left out. NaN where nothing can be measured.
 */
export function selectionScore({ mean, tasks }: Metrics): number {
  return meanOfNumbers([mean, meanOfNumbers(Object.values(tasks).map(({ auc }) => auc))])
}
