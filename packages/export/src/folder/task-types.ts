import type { TaskSpec } from '@sohu-match/core'

/** The file of a model folder that declares its tasks to TypeScript. */
export const TYPES_FILE = 'types.d.ts'

/**
 * A module that declares the kind and the labels of each task, for `createMatcher<Tasks>`: editors then complete the labels, and one that the
 * model does not have does not compile.
 */
export function taskTypes(name: string, tasks: readonly TaskSpec[]): string {
  const types = tasks.map((task) => `  ${JSON.stringify(task.name)}: ${typeOf(task)}`)
  return `/** The tasks of the model ${JSON.stringify(name).replaceAll('*/', '*\\/')}: createMatcher<Tasks>({ model }). Written by export. */
export type Tasks = {
${types.join('\n')}
}
`
}

function typeOf({ kind, labels }: TaskSpec): string {
  const label = labels ? `; label: ${labels.map((one) => JSON.stringify(one)).join(' | ')}` : ''
  return `{ kind: '${kind ?? 'match'}'${label} }`
}
