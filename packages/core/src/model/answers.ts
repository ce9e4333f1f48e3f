import type { TaskSpec } from '../tasks'

/**
 * Converts a task's logits: to the probability of each label, which sum to 1 for one-of tasks and are independent for
 * any-of tasks; or to the score, within its range. Computed in float64.
 */
export function answerValues({ kind, range }: Pick<TaskSpec, 'kind' | 'range'>, logits: readonly number[]): number[] {
  if (kind === 'one-of') {
    const largest = Math.max(...logits)
    const powers = logits.map((logit) => Math.exp(logit - largest))
    const sum = powers.reduce((total, power) => total + power, 0)
    return powers.map((power) => power / sum)
  }
  const shares = logits.map((logit) => 1 / (1 + Math.exp(-logit)))
  return range ? shares.map((share) => range[0] + share * (range[1] - range[0])) : shares
}

/** Indices of the predicted labels: the most likely (the first on a tie), or all above their threshold. */
export function heldLabels(
  { kind }: Pick<TaskSpec, 'kind'>,
  values: readonly number[],
  thresholds: readonly number[]
): number[] {
  if (kind === 'one-of') return [values.indexOf(Math.max(...values))]
  return [...values.keys()].filter((label) => values[label]! > thresholds[label]!)
}
