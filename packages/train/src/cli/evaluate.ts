import { MatcherError } from '@sohu-match/core'
import { userPath } from '@sohu-match/node'
import type { Command } from 'commander'
import { jiebaWords } from '../checkpoint/dictionary'
import { lexicalEvaluation } from '../lexical/beside'
import { columnsOption, DATA_HELP, splitOption, taskOption, type DataFlags } from './data'
import { createProgress } from '../report/bar'
import { evaluation, type Evaluation } from '../evaluate/evaluation'
import { answerRows, figureRows, figuresJson, labelRows, lengthRows } from '../report/figures'
import { whole } from '../report/format'
import { jsonLine, textTable } from '../report/table'
import { scoreSplit, type ScoredSplit } from '../evaluate/scoring'

interface EvaluateFlags extends DataFlags {
  readonly checkpoint: string
  /** True: fitted on --data. */
  readonly baseline?: string | true
  readonly json: boolean
}

export function addEvaluate(program: Command): void {
  program
    .command('evaluate')
    .description("a checkpoint's F1, AUC and calibration on a split of labeled pairs, with bootstrap intervals")
    .requiredOption(
      '--checkpoint <dir>',
      "a run's best/ folder; its thresholds, chosen on its valid split, are applied as they are"
    )
    .requiredOption('--data <path>', DATA_HELP)
    .addOption(splitOption('valid'))
    .addOption(columnsOption())
    .addOption(taskOption())
    .option(
      '--baseline [path]',
      'also the lexical baseline, fitted on the train split of --data or of other data, thresholds from valid'
    )
    .option('--json', 'print one JSON line instead of tables', false)
    .action(async (flags: EvaluateFlags) => {
      const progress = createProgress(process.stderr)
      const scored = await scoreLabelled(flags, (done, total) => progress.phase('evaluate', done, total))
      const { rows, answers, config, thresholds } = scored
      const figures = evaluation(rows, config.tasks, thresholds, { answers })
      const baseline =
        flags.baseline &&
        (await lexicalEvaluation(
          { ...flags, data: userPath(baselineData(flags)) },
          config.tasks,
          rows,
          await jiebaWords()
        ))
      progress.close()
      if (!flags.json) return print(flags, scored, figures, baseline || undefined)
      process.stdout.write(
        jsonLine('evaluation', {
          split: flags.split,
          strayLabels: scored.strayLabels,
          unlabelled: scored.unlabelled,
          ...figuresJson(figures),
          ...(baseline && { baseline: figuresJson(baseline) })
        })
      )
    })
}

/** Throws `data-invalid` if the split has no labels. */
export async function scoreLabelled(
  { checkpoint, data, split, columns, task }: DataFlags & { readonly checkpoint: string },
  onProgress: (done: number, total: number) => void
): Promise<ScoredSplit> {
  const scored = await scoreSplit(
    { checkpoint: userPath(checkpoint), data: userPath(data), split, columns, task },
    onProgress
  )
  if (scored.rows.length + scored.answers.length > 0) return scored
  throw new MatcherError(
    'data-invalid',
    [
      `No pair of the ${split} split has a label; a test split takes them from test_labels.csv.`,
      ...labelGaps(scored)
    ].join(' ')
  )
}

/** Sentences that count and list labels without a pair and pairs without a label. */
export function labelGaps({ strayLabels, unlabelled }: Pick<ScoredSplit, 'strayLabels' | 'unlabelled'>): string[] {
  const named = (ids: readonly string[]): string =>
    ids.slice(0, 5).join(', ') + (ids.length > 5 ? ` and ${whole(ids.length - 5)} more` : '')
  const sentence = (ids: readonly string[], what: string): string[] =>
    ids.length === 0 ? [] : [`${what}: ${whole(ids.length)} (${named(ids)}).`]
  return [
    ...sentence(strayLabels, 'Labels in test_labels.csv without a pair'),
    ...sentence(unlabelled, 'Pairs without a label, left out')
  ]
}

function print(flags: EvaluateFlags, scored: ScoredSplit, figures: Evaluation, baseline?: Evaluation): void {
  const color = process.stdout.isTTY
  const table = (of: { head: readonly string[]; rows: readonly (readonly string[])[] }): void =>
    console.log(textTable(of.head, of.rows, color))
  for (const note of scored.notes) console.log(note)
  if (scored.missing.length > 0) console.log(`Not in the data folder, so left out: ${scored.missing.join(', ')}.`)
  for (const sentence of labelGaps(scored)) console.log(sentence)
  console.log(
    `${flags.checkpoint} on ${flags.split === 'all' ? 'all pairs' : `the ${flags.split} split`} of ${flags.data}, at the checkpoint's thresholds, chosen on the valid split of its training:`
  )
  if (scored.rows.length > 0) table(figureRows(figures))
  if (figures.answers) {
    console.log('Tasks with labels or a score; own score: macro F1 (one-of), micro F1 (any-of), Spearman (score):')
    table(answerRows(figures))
    table(labelRows(figures))
  }
  if (baseline) {
    console.log(
      `The lexical baseline on the same pairs, fitted on the train split of ${baselineData(flags)}, thresholds from its valid split:`
    )
    table(figureRows(baseline))
  }
  if (scored.rows.length > 0) {
    console.log('The network by length, a quarter of the pairs each:')
    table(lengthRows(figures))
  }
  console.log(
    'Intervals: bootstrap over pairs. Pairs that share articles are not independent: the true intervals are wider.'
  )
}

function baselineData({ baseline, data }: EvaluateFlags): string {
  return typeof baseline === 'string' ? baseline : data
}
