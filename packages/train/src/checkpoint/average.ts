import { MatcherError } from '@sohu-match/core'
import type { Model } from '../autograd/pass'
import { carriesCondition } from '../evaluate/read-alike'

/**
 * Gives `into` the average of its weights and those of other trainings from one start, which is more accurate than either and costs nothing
 * in use (Wortsman et al. 2022, arXiv:2203.05482). Of the condition its effect on each task is averaged, since every training begins with
 * another random embedding: afterwards that of task i is the unit vector i. Throws `config-invalid` if there are more tasks than `condition_size`.
 */
export function averageInto(into: Model, others: readonly Model[]): void {
  const models = [into, ...others]
  const { tasks, conditionSize } = into.config
  const embedding = into.variables.get('cond_embedding')
  if (embedding && tasks.length > conditionSize)
    throw new MatcherError(
      'config-invalid',
      `Checkpoints of ${tasks.length} tasks cannot be averaged with a condition_size of ${conditionSize}; it must be at least the number of tasks.`
    )
  const valuesOf = (name: string) => models.map(({ variables }) => variables.get(name)!.values())
  const embeddings = embedding ? valuesOf('cond_embedding') : []
  for (const [name, variable] of into.variables) {
    if (carriesCondition(name)) variable.assign(averageEffect(embeddings, valuesOf(name), conditionSize))
    else if (variable !== embedding) variable.assign(average(valuesOf(name)))
  }
  embedding?.assign(unitRows(tasks.length, conditionSize))
}

function average([first, ...rest]: readonly Float32Array[]): Float32Array {
  return first!.map((value, i) => rest.reduce((sum, other) => sum + other[i]!, value) / (rest.length + 1))
}

/** The kernel `[size, width]` whose first rows are the averages of `embedding × kernel`, `[tasks, size]` by `[size, width]`. */
function averageEffect(
  embeddings: readonly Float32Array[],
  kernels: readonly Float32Array[],
  size: number
): Float32Array {
  const width = kernels[0]!.length / size
  const averaged = new Float32Array(size * width)
  kernels.forEach((kernel, model) =>
    embeddings[model]!.forEach((value, at) => {
      const [task, k] = [Math.floor(at / size), at % size]
      for (let i = 0; i < width; i++) averaged[task * width + i]! += (value * kernel[k * width + i]!) / kernels.length
    })
  )
  return averaged
}

function unitRows(rows: number, size: number): Float32Array {
  const values = new Float32Array(rows * size)
  for (let row = 0; row < rows; row++) values[row * size + row] = 1
  return values
}
