import { elementCount, parameterSpecs, type ModelConfig, type ParameterSpec, type TaskSpec } from '@sohu-match/core'
import { initialValues } from '../initialization/parameters'

/** Which of a network's tasks keep what they learned, and which start from scratch. */
export interface TaskMatch {
  readonly kept: readonly string[]
  readonly fresh: readonly string[]
}

export function matchTasks(known: readonly TaskSpec[], tasks: readonly TaskSpec[]): TaskMatch {
  const names = new Set(known.map(({ name }) => name))
  const [kept, fresh] = [true, false].map((is) => tasks.flatMap(({ name }) => (names.has(name) === is ? [name] : [])))
  return { kept: kept!, fresh: fresh! }
}

/**
 * The parameters with a part for each task (condition vectors, heads, scales), for `tasks` instead of the network's
 * own: a task of the same name keeps its part at any position, others start from scratch. Returns values by name; other
 * parameters are unchanged.
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
  return new Map(
    specs.flatMap((spec) => {
      const axis = axes.get(spec.name)
      if (axis === undefined) return []
      const values = initialValues(spec, seed)
      moveParts(values, valuesOf(spec.name), spec, axis, { count: tasks.length, known: config.tasks.length, moved })
      return [[spec.name, { values, shape: spec.shape }] as const]
    })
  )
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
