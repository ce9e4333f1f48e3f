import { closest } from 'fastest-levenshtein'
import type { TaskSpec } from '../tasks'

/**
 * The truth of a text or pair under a task with labels or a score: the index of its label, of all its labels
 * (ascending, possibly none), or the score.
 */
export type Target = readonly number[]

/** Reads a line's label: a name, a list of names, or a number. Returns an error as the end of a sentence. */
export function parseTarget(
  value: unknown,
  { kind, labels = [], range }: Pick<TaskSpec, 'kind' | 'labels' | 'range'>
): { readonly target: Target } | string {
  if (range) {
    const [least, greatest] = range
    const fits = typeof value === 'number' && value >= least && value <= greatest
    return fits ? { target: [value] } : `it must be a number from ${least} to ${greatest}`
  }
  if (kind === 'any-of' && !Array.isArray(value)) return 'it must be an array of labels'
  const names: unknown[] = kind === 'any-of' ? (value as unknown[]) : [value]
  const found = names.map((name) => labels.indexOf(name as string))
  const unknown = found.indexOf(-1)
  if (unknown >= 0) return labelProblem(names[unknown], labels)
  if (new Set(found).size !== found.length) return 'a label is in it twice'
  return { target: found.sort((one, other) => one - other) }
}

/** Maximum labels listed in a message. */
const LISTED = 10

function labelProblem(name: unknown, labels: readonly string[]): string {
  const list = labels.slice(0, LISTED).join(', ') + (labels.length > LISTED ? ', …' : '')
  if (typeof name !== 'string') return `a label must be a string, one of ${list}`
  return `"${name}" is not a label of this task; did you mean "${closest(name, labels)}"? Its labels are ${list}`
}
