import { parseArgs } from 'node:util'
import { classMetrics, type Example, type ScoredRow } from '@sohu-match/core'
import { readDataset, userPath, type SplitName } from '@sohu-match/node'
import { createMatcher } from '@sohu-match/sdk-node'
import { evaluation } from '@sohu-match/training/evaluation'
import { textTable } from '@sohu-match/training/table'

// Measures exported models: scores every labelled pair of some splits of a data folder with the graph that users run.
// measure --model NAME=FOLDER … --data FOLDER [--split test …] [--dtype int8] [--json]
const { values } = parseArgs({
  options: {
    model: { type: 'string', multiple: true, default: [] },
    data: { type: 'string', default: '' },
    split: { type: 'string', multiple: true, default: ['test'] },
    dtype: { type: 'string', default: 'int8' },
    json: { type: 'boolean', default: false }
  }
})

interface Row extends ScoredRow {
  readonly tokens: number
}

const dataset = await readDataset(userPath(values.data), values.split as SplitName[])
const pairs: Example[] = (values.split as SplitName[])
  .flatMap((split) => [...dataset.splits[split]])
  .filter(({ label }) => label !== undefined)
const results = []
for (const model of values.model) {
  const [name, folder] = [model.slice(0, model.indexOf('=')), model.slice(model.indexOf('=') + 1)]
  results.push({ name, ...(await measured(userPath(folder))) })
}
if (values.json) console.log(JSON.stringify(results))
else for (const { name, tasks } of results) console.log(`${name}\n${table(tasks)}`)

/**
 * Metrics by task of one model, without tasks that have no labelled pairs. Throws `task-unknown` if the data have a task
 * that the model lacks.
 */
async function measured(folder: string) {
  const names = dataset.tasks.map(({ name }) => name)
  const matcher = await createMatcher({ model: folder, tasks: names, dtype: values.dtype as 'int8' })
  try {
    const scored = await matcher.matchMany(pairs.map(({ a, b = '', task }) => ({ a, b, task: names[task]! })))
    const rows = scored.map(({ score, label, tokenCount }, i): Row => {
      const { task, label: truth } = pairs[i]!
      return { task, label: truth!, score, predicted: label, tokens: tokenCount }
    })
    const thresholds = Object.fromEntries(scored.map(({ task, threshold }) => [task, threshold]))
    const figures = evaluation(rows, dataset.tasks, thresholds)
    const tasks = Object.entries(figures.tasks).map(([task, { f1, auc: area }]) => {
      const of = rows.filter((row) => names[row.task] === task)
      return { task, pairs: of.length, auc: area, bestF1: bestF1(of), threshold: thresholds[task]!, f1 }
    })
    return { tasks, meanAuc: figures.meanAuc, meanF1: figures.meanF1 }
  } finally {
    await matcher.dispose()
  }
}

/** The largest F1 of any threshold, which depends only on the order of the scores. */
function bestF1(rows: readonly ScoredRow[]): number {
  const cuts = [-1, ...new Set(rows.map(({ score }) => score))]
  return Math.max(
    ...cuts.map((cut) => classMetrics(rows.map((row) => ({ ...row, predicted: row.score > cut ? 1 : 0 }))).f1)
  )
}

function table(tasks: Awaited<ReturnType<typeof measured>>['tasks']): string {
  const digits = (value: number): string => value.toFixed(3)
  const mean = (of: (task: (typeof tasks)[number]) => number): string =>
    digits(tasks.reduce((sum, task) => sum + of(task), 0) / tasks.length)
  return textTable(
    ['', 'pairs', 'AUC', '95 %', 'best F1', 'F1 at its threshold', '95 %', 'threshold'],
    [
      ...tasks.map((task) => [
        task.task,
        String(task.pairs),
        digits(task.auc.value),
        `${digits(task.auc.low)}-${digits(task.auc.high)}`,
        digits(task.bestF1),
        digits(task.f1.value),
        `${digits(task.f1.low)}-${digits(task.f1.high)}`,
        digits(task.threshold)
      ]),
      [
        'mean',
        '',
        mean(({ auc: area }) => area.value),
        '',
        mean((task) => task.bestF1),
        mean(({ f1 }) => f1.value),
        '',
        ''
      ]
    ]
  )
}
