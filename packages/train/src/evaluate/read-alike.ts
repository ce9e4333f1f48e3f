import type { Model } from '../autograd/pass'

/** True for a parameter that turns the condition's embedding into its effect: zero in all of them means no effect. */
export function carriesCondition(name: string): boolean {
  return name.endsWith('_cond') || name === 'embeddings.condition.kernel'
}

/** For each task, the first with the same row of the condition's embedding: task 0 for all if the condition has no effect. */
export function tasksReadAlike({ config: { tasks }, variables }: Model): number[] {
  const effects = [...variables].filter(([name]) => carriesCondition(name))
  const isIdle = effects.every(([, variable]) => variable.values().every((value) => value === 0))
  const embedding = variables.get('cond_embedding')
  if (isIdle || !embedding) return tasks.map(() => 0)
  const values = embedding.values()
  const width = values.length / tasks.length
  const rows = tasks.map((_, i) => values.subarray(i * width, (i + 1) * width).join())
  return rows.map((row) => rows.indexOf(row))
}
