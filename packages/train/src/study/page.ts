import { dotChart } from '../report/dots'
import { escapeHtml, htmlTable, page, section } from '../report/page'
import type { TextRows } from '../report/figures'
import type { StudyOutcome } from './outcome'
import type { Study } from './study'
import { lossRows, meanF1, summaryRows, taskF1, taskRows } from './table'

/** One HTML page without other files: the question, the setup, and for each set of pairs a table and charts. */
export function studyPage(
  study: Study,
  outcome: StudyOutcome,
  { planned, done, machine }: { planned: number; done: number; machine: string }
): string {
  const how = htmlTable(
    ['', ''],
    [
      ['runs', `${done} of ${planned}`],
      ['preset', study.preset],
      ['changed in all arms', JSON.stringify(study.set)],
      ['data', study.data],
      ['seeds', study.seeds.join(', ')],
      ['machine', machine],
      ['command', `npx sohu-train study --study ${study.name}`]
    ]
  )
  const arms = htmlTable(
    ['arm', 'networks', 'starts from', 'teacher', 'changes'],
    study.arms.map(({ name, set, eachTask, init = '', teacher = '' }) => [
      name,
      eachTask ? 'one for each task' : 'one',
      init,
      teacher,
      JSON.stringify(set)
    ])
  )
  const losses = lossRows(outcome)
  return page(`Study: ${study.name}`, [
    `<p>${escapeHtml(study.question)}</p>`,
    ...study.evaluate.map(({ name, data, split }) => setSection(name, `${split} split of ${data}`, outcome)),
    ...(losses.rows.length > 0 ? [lossSection(losses)] : []),
    section('How it was run', how, arms)
  ])
}

function lossSection({ head, rows }: TextRows): string {
  return section(
    'Training loss',
    htmlTable(head, rows),
    '<p>Mean over each fifth of the updates, with its auxiliary terms. Mean ± standard deviation over seeds.</p>'
  )
}

function setSection(set: string, pairs: string, outcome: StudyOutcome): string {
  const [summary, tasks] = [summaryRows(outcome, set), taskRows(outcome, set)]
  const lexical = outcome.baseline?.[set]
  const chart = (
    title: string,
    valuesOf: (arm: StudyOutcome['arms'][number]) => number[],
    mark: number | undefined
  ): string =>
    dotChart(title, [
      ...outcome.arms.map((arm) => ({ name: arm.name, values: valuesOf(arm) })),
      ...(mark === undefined ? [] : [{ name: 'lexical baseline', values: [mark] }])
    ])
  return section(
    `On ${set}: ${pairs}`,
    htmlTable(summary.head, summary.rows),
    '<p>F1 at thresholds chosen on the valid split of the training data. Mean ± standard deviation over seeds; “95 % of pairs”: bootstrap over pairs, ' +
      'taken as independent; “to the first”: difference to the first arm with the same seed.</p>',
    chart('Mean F1 over tasks', (arm) => meanF1(arm, set), lexical?.meanF1.value),
    htmlTable(tasks.head, tasks.rows),
    `<details><summary>Charts of each task</summary>${tasks.head
      .slice(1)
      .map((task) => chart(`F1, ${task}`, (arm) => taskF1(arm, set, task), lexical?.tasks[task]?.f1.value))
      .join('')}</details>`
  )
}
