import { join } from 'node:path'
import { userPath, writeFileAtomic, type GivenColumns } from '@sohu-match/node'
import { wholeNumber } from '@sohu-match/node/cli'
import type { Command } from 'commander'
import { jiebaWords } from '../checkpoint/dictionary'
import { applyOverrides, parseTrainSettings, presets } from '../config'
import { doubtfulLabels } from '../evaluate/doubtful-labels'
import { heldOutScores, type HeldOutPair } from '../labels/held-out-scores'
import { labelsPage } from '../report/mistakes'
import { columnsOption, DATA_HELP } from './data'
import { weightsFolder } from './init'
import { resolvePlan } from './planned-run'
import { consoleHooks } from './report-run'
import { stopAfterStep } from './stop'

interface CheckLabelsFlags {
  readonly data: string
  readonly columns: GivenColumns
  readonly out: string
  readonly folds: number
  readonly count: number
  readonly preset?: string
  readonly init?: string
  readonly set: string[]
}

/** `check-labels`: trains once per fold, so that every label is compared with a network that has not seen it. */
export function addCheckLabels(program: Command): void {
  program
    .command('check-labels')
    .description(
      'list the labels of match tasks that look wrong: every pair is scored by a network trained on the other folds (takes as long as that many trainings)'
    )
    .requiredOption('--data <path>', DATA_HELP)
    .addOption(columnsOption())
    .option(
      '--out <dir>',
      'folder for labels.html, labels.jsonl and the folds; the same command resumes',
      'runs/labels'
    )
    .option('--folds <n>', 'parts that the pairs are divided into, by their texts', wholeNumber(3, 20), 4)
    .option('--count <n>', 'pairs of each task on the page; labels.jsonl has all', wholeNumber(1), 100)
    .option('--preset <name>', 'fixed settings instead of those chosen from the data')
    .option('--init <dir>', 'what the trainings start from, as for sohu')
    .option('--set <key=value...>', 'override keys of the settings, for example --set epochs=2', [])
    .action(run)
}

async function run(flags: CheckLabelsFlags): Promise<void> {
  const out = userPath(flags.out)
  const stop = stopAfterStep(`${flags.out} (the same command resumes)`)
  let { init } = { init: flags.init === undefined ? undefined : await weightsFolder(flags.init) }
  if (flags.preset === undefined)
    init = (await resolvePlan({ data: userPath(flags.data), columns: flags.columns }, flags.init)).init
  const found = await heldOutScores({
    data: userPath(flags.data),
    columns: flags.columns,
    out,
    folds: flags.folds,
    init,
    settingsFor: (data) => settingsFor(data, flags),
    hooks: { ...consoleHooks(), stopping: () => stop.signal.aborted },
    onFold: (fold) => console.log(`Fold ${fold + 1} of ${flags.folds}`)
  })
  stop.dispose()
  if (!found) {
    process.exitCode = stop.exitCode()
    return
  }
  const { dataset, pairs } = found
  const doubtful = doubtfulLabels(pairs)
  await writeFileAtomic(
    join(out, 'labels.jsonl'),
    doubtful.map((pair) => lineOf(pair, dataset.tasks[pair.task]!.name)).join('')
  )
  const page = labelsPage(`Labels of ${flags.data}`, pairs, dataset.tasks, {
    words: await jiebaWords(),
    count: flags.count
  })
  await writeFileAtomic(join(out, 'labels.html'), page)
  console.log(
    `${doubtful.length} of ${pairs.length} labels are contradicted with confidence; they are in ${join(flags.out, 'labels.html')} and labels.jsonl, the most doubtful first.`
  )
  const left = dataset.tasks.filter(({ kind }) => kind).map(({ name }) => name)
  if (left.length > 0) console.log(`Not checked, since only match tasks are: ${left.join(', ')}.`)
}

async function settingsFor(data: string, { preset, init, set }: CheckLabelsFlags) {
  const chosen = preset === undefined ? (await resolvePlan({ data }, init)).plan : { preset, set: [] }
  return parseTrainSettings(applyOverrides(await presets.read(chosen.preset), [...chosen.set, ...set]), 'the settings')
}

function lineOf({ place, a, b, label, score }: HeldOutPair, task: string): string {
  return `${JSON.stringify({ pair: place + 1, task, a, b, label, score: Number(score.toFixed(4)) })}\n`
}
