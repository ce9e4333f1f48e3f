import type { Task } from '@sohu-match/sdk-web'

/** Characters from which a text counts as long: titles and posts are shorter, articles longer. */
export const LONG = 60

export type Lengths = 'ss' | 'sl' | 'll'

/** The lengths of a pair: its tasks are those that were trained on pairs like it. */
export function lengthsOf(a: string, b: string): Lengths {
  const long = [a, b].filter((text) => [...text.trim()].length >= LONG).length
  return (['ss', 'sl', 'll'] as const)[long]!
}

/** A pair as a task of these lengths was trained on it: of a short and a long text, the short one is first. */
export function inOrder(a: string, b: string, task: Task): { a: string; b: string; task: Task } {
  const swapped = task.endsWith('sl') && [...a.trim()].length > [...b.trim()].length
  return swapped ? { a: b, b: a, task } : { a, b, task }
}
