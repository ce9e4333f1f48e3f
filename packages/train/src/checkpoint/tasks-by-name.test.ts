import { parseModelConfig, type TaskSpec } from '@sohu-match/core'
import { expect, it } from 'vitest'
import { TINY_MODEL } from '../run/tiny-model.fixtures'
import { parametersForTasks } from './tasks-by-name'

const one: TaskSpec = { name: 'one', id: 0, group: 'one' }
const two: TaskSpec = { name: 'two', id: 1, group: 'two' }
const nli: TaskSpec = { name: 'nli', id: 2, group: 'nli', kind: 'one-of', labels: ['矛盾', '中立', '蕴含'] }
const configOf = (tasks: readonly TaskSpec[]) =>
  parseModelConfig({ ...TINY_MODEL, vocab_size: 10, architecture: 'cross-encoder', heads: 'per-task', tasks })

/** The classifier's bias after the tasks have changed; before, it was 1, 2, 3, … */
function biasFor(known: readonly TaskSpec[], tasks: readonly TaskSpec[]): number[] {
  const count = known.reduce((sum, { labels }) => sum + (labels?.length ?? 2), 0)
  const numbers = Float32Array.from({ length: count * configOf(known).hiddenSize }, (_, i) => i + 1)
  return [...parametersForTasks(configOf(known), tasks, () => numbers, 1).get('classifier.bias')!.values]
}

it('a head of its own goes with its task when a task with labels is added to match tasks, or leaves them', () => {
  expect(biasFor([one, two], [{ ...two, id: 0 }, { ...one, id: 1 }, nli])).toEqual([3, 4, 1, 2, 0, 0, 0])
  expect(
    biasFor(
      [one, two, nli],
      [
        { ...two, id: 0 },
        { ...one, id: 1 }
      ]
    )
  ).toEqual([3, 4, 1, 2])
})
