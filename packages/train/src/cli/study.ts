import { join } from 'node:path'
import type { Command } from 'commander'
import { createProgress } from '../report/bar'
import { textTable } from '../report/table'
import { runStudy } from '../study/execute'
import type { StudyOutcome } from '../study/outcome'
import { readStudy, studies, type Study } from '../study/study'
import { lossRows, summaryRows, taskRows } from '../study/table'
import { weightsFolder } from './init'
import { stopAfterStep } from './stop'

interface StudyFlags {
  readonly study: string
  readonly data?: string
  readonly out?: string
  readonly json: boolean
}

export function addStudy(program: Command): void {
  program
    .command('study')
    .description(
      'run a grid of trainings and compare them; the same command resumes after an interruption. "training" is the wall-clock time of the steps ' +
        'and of a teacher, "processor time" their time on all processors, which depends less on other work on the machine'
    )
    .requiredOption('--study <name>', `${studies.names().join(', ')}, or a .json file of your own`)
    .option('--data <dir>', "data folder instead of the study's")
    .option('--out <dir>', "output folder instead of the study's")
    .option('--json', 'print a JSON line for each run instead of tables', false)
    .action(async ({ study: name, data, out, json }: StudyFlags) => {
      const study = await readStudy(name, { data, out })
      const stop = stopAfterStep('last/')
      const finished = await run(study, json, () => stop.signal.aborted)
      stop.dispose()
      if (!finished) {
        console.error('Stopped. Run the same command to resume.')
        process.exitCode = stop.exitCode()
      } else if (!json)
        console.log(`The page is ${join(study.out, 'index.html')}; results.json next to it has every number.`)
    })
}

async function run(study: Study, json: boolean, stopping: () => boolean): Promise<boolean> {
  const progress = createProgress(process.stderr)
  let latest: StudyOutcome | undefined
  const finished = await runStudy(study, {
    onRun: ({ folder }, index, total) => {
      if (json) console.log(JSON.stringify({ type: 'run', folder, index, total }))
      else progress.print(`Run ${index + 1} of ${total}: ${folder}`)
    },
    onOutcome: (outcome) => void (latest = outcome),
    weightsFolder,
    run: {
      onPrepare: (phase, done, total) => progress.phase(phase, done, total),
      onStep: (report) => progress.step(report),
      stopping
    }
  })
  progress.close()
  if (!json && latest) {
    for (const { name } of study.evaluate) printSet(study, latest, name)
    const { head, rows } = lossRows(latest)
    if (rows.length > 0) console.log(textTable(head, rows, process.stdout.isTTY))
  }
  return finished
}

function printSet({ question }: Study, outcome: StudyOutcome, set: string): void {
  console.log(`${question}\nOn ${set}, mean ± standard deviation over seeds:`)
  for (const { head, rows } of [summaryRows(outcome, set), taskRows(outcome, set)])
    console.log(textTable(head, rows, process.stdout.isTTY))
}
