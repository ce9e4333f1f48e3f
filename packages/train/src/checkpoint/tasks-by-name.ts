import {
  classifierColumns,
  elementCount,
  headKey,
  parameterSpecs,
  type ModelConfig,
  type ParameterSpec,
  type TaskSpec
} from '@sohu-match/core'
import type { Dataset } from '@sohu-match/node'
import { requireSameKind } from '../data/for-tasks'
import { initialValues } from '../initialization/parameters'

/** Which of a network's tasks keep what they learned, and which start from scratch. */
export interface TaskMatch {
  readonly kept: readonly string[]
  readonly fresh: readonly string[]
}

/** By name. Throws `data-invalid` if a task is of another kind in the data. */
export function matchTasks(
  known: readonly TaskSpec[],
  tasks: readonly TaskSpec[],
  places?: Dataset['places']
): TaskMatch {
  const names = new Set(known.map(({ name }) => name))
  for (const task of tasks) {
    const other = known.find(({ name }) => name === task.name)
    if (other) requireSameKind(task, other, places)
  }
  const [kept, fresh] = [true, false].map((is) => tasks.flatMap(({ name }) => (names.has(name) === is ? [name] : [])))
  return { kept: kept!, fresh: fresh! }
}

/**
 * The parameters with a part for each task (condition vectors, heads, scales), for `tasks` instead of the network's
 * own: a task of the same name keeps its part at any position, others start from scratch, as do new labels. Returns
 * values by name; other parameters are unchanged.
 */
export function parametersForTasks(
  config: ModelConfig,
  tasks: readonly TaskSpec[],
  valuesOf: (name: string) => Float32Array,
  seed: number
): Map<string, { values: Float32Array; shape: readonly number[] }> {
  const moved = tasks.map(({ name }) => config.tasks.findIndex((task) => task.name === name))
  const specs = parameterSpecs({ ...config, tasks })
  const axes = taskAxes(config)
  const labelled = [...config.tasks, ...tasks].some(({ kind }) => kind)
  return new Map(
    specs.flatMap((spec) => {
      if (labelled && spec.name.startsWith('classifier.')) {
        const values = initialValues(spec, seed)
        moveColumns(values, valuesOf(spec.name), config, tasks)
        return [[spec.name, { values, shape: spec.shape }] as const]
      }
      const axis = axes.get(spec.name)
      if (axis === undefined) return []
      const values = initialValues(spec, seed)
      moveParts(values, valuesOf(spec.name), spec, axis, { count: tasks.length, known: config.tasks.length, moved })
      return [[spec.name, { values, shape: spec.shape }] as const]
    })
  )
}

/**
 * Copies the columns of heads, last axis of both arrays. A task takes those of the task of its name, or, where heads are shared, of one with
 * the same kind and labels; labels are matched by name.
 */
function moveColumns(
  target: Float32Array,
  source: Float32Array,
  { tasks: known, heads }: ModelConfig,
  tasks: readonly TaskSpec[]
): void {
  const [from, to] = [classifierColumns(known, heads), classifierColumns(tasks, heads)]
  const [before, after] = [from, to].map((all) => Math.max(...all.map(([, end]) => end))) as [number, number]
  const rows = target.length / after
  const sharesHead = (one: TaskSpec, other: TaskSpec): boolean => heads === 'shared' && headKey(one) === headKey(other)
  for (const task of tasks) {
    const old = known.find(({ name }) => name === task.name) ?? known.find((one) => sharesHead(task, one))
    if (!old) continue
    const [first, end] = to[task.id]!
    for (let column = 0; column < end - first; column++) {
      const known = task.labels ? old.labels!.indexOf(task.labels[column]!) : column
      if (known < 0) continue
      const at = from[old.id]![0] + known
      for (let row = 0; row < rows; row++) target[row * after + first + column] = source[row * before + at]!
    }
  }
}

/** The axis along which a parameter grows with the number of tasks, by name. */
function taskAxes(config: ModelConfig): Map<string, number> {
  const more = parameterSpecs({ ...config, tasks: [...config.tasks, config.tasks[0]!] })
  return new Map(
    parameterSpecs(config).flatMap(({ name, shape }, i) => {
      const axis = shape.findIndex((size, at) => size !== more[i]!.shape[at])
      return axis < 0 ? [] : [[name, axis]]
    })
  )
}

/** Copies each known task's part along `axis`; `moved[task]` is its index in `source`, or -1. */
function moveParts(
  target: Float32Array,
  source: Float32Array,
  { shape }: ParameterSpec,
  axis: number,
  { count, known, moved }: { count: number; known: number; moved: readonly number[] }
): void {
  const part = elementCount(shape.slice(axis)) / count // elements of one task at one index of the axes before
  const rows = elementCount(shape.slice(0, axis))
  for (let row = 0; row < rows; row++) {
    moved.forEach((from, to) => {
      const start = (row * known + from) * part
      if (from >= 0) target.set(source.subarray(start, start + part), (row * count + to) * part)
    })
  }
}
