import { kindOf, MatcherError, type Example, type Target, type TaskSpec } from '@sohu-match/core'
import { MATCH_TASK, type Dataset, type SplitName } from '@sohu-match/node'
import { closest } from 'fastest-levenshtein'

/**
 * Adapts a data set to a network that knows `tasks`: tasks are matched by name and get the network's ids, pairs of
 * other tasks are omitted. Throws `data-invalid` if the data have none of the tasks.
 */
export function forTasks(dataset: Dataset, tasks: readonly TaskSpec[]): Dataset {
  const ids = new Map(
    dataset.tasks.flatMap(({ id, name }) =>
      tasks.filter((task) => task.name === name).map((task) => [id, task.id] as const)
    )
  )
  if (ids.size === 0) {
    throw new MatcherError(
      'data-invalid',
      `The data's tasks are ${names(dataset.tasks)}, the model's ${names(tasks)}; they have none in common.`
    )
  }
  const translate = new Map(
    [...ids].map(([from, to]) => [from, targetsFor(dataset.tasks[from]!, tasks[to]!, dataset.places)] as const)
  )
  const known = (examples: readonly Example[]): Example[] =>
    examples.flatMap((example) => {
      const task = ids.get(example.task)
      if (task === undefined) return []
      const { target } = example
      return [{ ...example, task, ...(target && { target: translate.get(example.task)!(target) }) }]
    })
  const splits = Object.fromEntries(
    Object.entries(dataset.splits).map(([split, examples]) => [split, known(examples)])
  ) as Record<SplitName, Example[]>
  return { ...dataset, tasks, splits }
}

/**
 * Assigns the pairs of a file, which names no task, to the wanted task, or to the only one that the model knows; other
 * data are unchanged. Throws `config-invalid` for a task that the model lacks, or if it knows several and none is
 * named.
 */
export function ofTask(dataset: Dataset, tasks: readonly TaskSpec[], wanted?: string): Dataset {
  if (wanted !== undefined) requireTasks('--task', [wanted], tasks)
  if (dataset.tasks.length > 1 || dataset.tasks[0]!.name !== MATCH_TASK.name) {
    if (wanted === undefined) return dataset
    throw new MatcherError(
      'config-invalid',
      `--task ${wanted}: it is for files, which name no task; the data's tasks are ${names(dataset.tasks)}.`
    )
  }
  const name = wanted ?? (tasks.length === 1 ? tasks[0]!.name : MATCH_TASK.name)
  if (tasks.some((task) => task.name === name)) return { ...dataset, tasks: [{ name, id: 0, group: name }] }
  throw new MatcherError(
    'config-invalid',
    `The model knows several tasks, and a file of pairs names none: add --task with one of ${names(tasks)}.`
  )
}

/**
 * Numbers labels as the network's task does; they are matched by name. Throws `data-invalid` if the kinds differ, or if the
 * data have a label that the network does not know.
 */
function targetsFor(own: TaskSpec, known: TaskSpec, places?: Dataset['places']): (target: Target) => Target {
  requireSameKind(own, known, places)
  if (!own.labels) return (target) => target
  const numbers = own.labels.map((label) => known.labels!.indexOf(label))
  const unknown = own.labels[numbers.indexOf(-1)]
  if (unknown !== undefined)
    throw new MatcherError(
      'data-invalid',
      `${placeOf(own, places)}the task "${own.name}" has the label "${unknown}", which the model does not know; did you mean "${closest(unknown, known.labels!)}"? ` +
        `The model's labels are ${known.labels!.join(', ')}.`
    )
  return (target) => target.map((label) => numbers[label]!).sort((one, other) => one - other)
}

/** Throws `data-invalid` if a task of the data has another kind, or range, than the model's task of that name. */
export function requireSameKind(own: TaskSpec, known: TaskSpec, places?: Dataset['places']): void {
  if (own.kind === known.kind && own.range?.join() === known.range?.join()) return
  const described = (task: TaskSpec): string =>
    kindOf(task) + (task.range ? ` from ${task.range[0]} to ${task.range[1]}` : '')
  throw new MatcherError(
    'data-invalid',
    `${placeOf(own, places)}the task "${own.name}" is ${described(own)} in the data and ${described(known)} in the checkpoint; give it back its kind in dataset.json, or another name.`
  )
}

function placeOf({ name }: TaskSpec, places: Dataset['places']): string {
  const place = places?.get(name)
  return place === undefined ? '' : `${place}: `
}

/** Renumbers the named tasks in the data's order; all if none is named. Throws `config-invalid` for an unknown name. */
export function onlyTasks(dataset: Dataset, wanted: readonly string[]): Dataset {
  if (wanted.length === 0) return dataset
  requireTasks('only_tasks', wanted, dataset.tasks)
  const tasks = dataset.tasks.filter(({ name }) => wanted.includes(name)).map((task, id) => ({ ...task, id }))
  return forTasks(dataset, tasks)
}

/** Throws `config-invalid` if a settings key names an unknown task. */
export function requireTasks(key: string, wanted: readonly string[], tasks: readonly TaskSpec[]): void {
  const known = tasks.map(({ name }) => name)
  const unknown = wanted.find((name) => !known.includes(name))
  if (unknown === undefined) return
  throw new MatcherError(
    'config-invalid',
    `${key} names "${unknown}"; did you mean "${closest(unknown, known)}"? The data's tasks are ${known.join(', ')}.`
  )
}

function names(tasks: readonly TaskSpec[]): string {
  return tasks.map(({ name }) => name).join(', ')
}
