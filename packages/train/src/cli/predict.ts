import { stat } from 'node:fs/promises'
import {
  heldLabels,
  labelThresholdsOf,
  MatcherError,
  thresholdOf,
  type Example,
  type TaskSpec,
  type Thresholds
} from '@sohu-match/core'
import { labelsCsv, readError, readPairFile, userPath, withColumns, writeFileAtomic } from '@sohu-match/node'
import type { Command } from 'commander'
import type { Prediction } from '../evaluate/predict'
import { scoreSplit } from '../evaluate/scoring'
import { createProgress } from '../report/bar'
import { columnsOption, DATA_HELP, taskOption, type DataFlags } from './data'

interface PredictFlags extends Omit<DataFlags, 'split'> {
  readonly checkpoint: string
  readonly out: string
}

export function addPredict(program: Command): void {
  program
    .command('predict')
    .description(
      'score every pair of a file, labeled or not, into a .csv, .tsv or .jsonl file with its columns, a score and a predicted label; of a folder, write id,label for its test pairs'
    )
    .requiredOption('--checkpoint <dir>', "a run's best/ folder")
    .requiredOption('--data <path>', DATA_HELP)
    .requiredOption('--out <file>', 'file to write; its extension determines the format')
    .addOption(columnsOption())
    .addOption(taskOption())
    .action(async (flags: PredictFlags) => {
      const wholeFile = await isFile(userPath(flags.data))
      console.log(await (wholeFile ? predictFile(flags) : predictTest(flags)))
    })
}

/** Writes the file's rows with `score` and `predicted`. Returns a summary. */
async function predictFile(flags: PredictFlags): Promise<string> {
  const file = await readPairFile(userPath(flags.data), flags.columns)
  withColumns({ ...file, rows: [] }, flags.out, []) // refuse a wrong file extension before the work
  const { labels, scores } = await labelsOf(flags, 'all')
  const added = [
    { name: 'score', values: scores.map((score) => Number(score.toFixed(6))) },
    { name: 'predicted', values: labels }
  ]
  await writeFileAtomic(userPath(flags.out), withColumns(file, flags.out, added))
  return `${labels.length} pairs with their scores are in ${flags.out}; ${labels.filter((label) => label === 1).length} of them match.`
}

/** Writes `id,label` for the test pairs of a folder. Returns a summary. */
async function predictTest(flags: PredictFlags): Promise<string> {
  const { labels, examples } = await labelsOf(flags, 'test')
  const rows = submission(examples, (i) => labels[i]!)
  await writeFileAtomic(userPath(flags.out), labelsCsv(rows))
  return `${rows.length} labels are in ${flags.out}.`
}

async function labelsOf({ checkpoint, data, columns, task }: PredictFlags, split: 'all' | 'test') {
  const progress = createProgress(process.stderr)
  const { examples, predictions, config, thresholds } = await scoreSplit(
    { checkpoint: userPath(checkpoint), data: userPath(data), split, columns, task },
    (done, total) => progress.phase('score', done, total)
  )
  progress.close()
  const scores = predictions.map((one) => ('values' in one ? Math.max(...one.values) : one.score))
  const labels = examples.map(({ task }, i) => labelText(predictions[i]!, config.tasks[task]!, thresholds))
  return { examples, scores, labels }
}

function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => !found.isDirectory(),
    (cause: unknown) => {
      throw readError(path, cause, 'data-invalid')
    }
  )
}

/** A prediction as the submission has it: 0 or 1; the label, or a JSON array of labels, by name; or the score, to six digits. */
function labelText(prediction: Prediction, task: TaskSpec, thresholds: Thresholds): 0 | 1 | string {
  if (!('values' in prediction)) return prediction.score > thresholdOf(thresholds, task.name) ? 1 : 0
  const { values } = prediction
  if (!task.labels) return String(Number(values[0]!.toPrecision(6)))
  const held = heldLabels(task, values, labelThresholdsOf(thresholds, task)).map((label) => task.labels![label]!)
  return task.kind === 'one-of' ? held[0]! : JSON.stringify(held)
}

/** Throws `data-invalid` for a pair without an id and for an id that two pairs share. */
export function submission(
  examples: readonly Example[],
  labelOf: (index: number) => 0 | 1 | string
): { id: string; label: 0 | 1 | string }[] {
  const first = new Map<string, number>()
  return examples.map(({ id }, i) => {
    if (id === undefined)
      throw new MatcherError('data-invalid', `Test pair ${i + 1} has no "id"; a submission names every pair by its id.`)
    const other = first.get(id)
    if (other !== undefined)
      throw new MatcherError(
        'data-invalid',
        `Test pairs ${other + 1} and ${i + 1} have the same id "${id}"; a submission needs an id of its own for each pair.`
      )
    first.set(id, i)
    return { id, label: labelOf(i) }
  })
}
