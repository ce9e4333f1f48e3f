import { evaluateRows, MatcherError } from '@sohu-match/core'
import { userPath, type SplitName } from '@sohu-match/files'
import { Option, type Command } from 'commander'
import { createProgress } from '../report/bar'
import { jsonLine, metricsTable } from '../report/table'
import { scoreSplit } from '../scoring'

/** `evaluate`: a checkpoint's metrics on a split, at the thresholds that its training chose on valid. */
export function addEvaluate(program: Command): void {
  program.command('evaluate')
    .description("a checkpoint's F1 and AUC on a split of a data folder")
    .requiredOption('--checkpoint <dir>', "a run's best/ folder")
    .requiredOption('--data <dir>', 'data folder: Sohu layout or dataset.json')
    .addOption(new Option('--split <name>', 'which part').choices(['train', 'valid', 'test']).default('valid'))
    .option('--json', 'print one JSON line instead of a table', false)
    .action(async ({ checkpoint, data, split, json }: { checkpoint: string; data: string; split: SplitName; json: boolean }) => {
      const progress = createProgress(process.stderr)
      const scored = await scoreSplit({ checkpoint: userPath(checkpoint), data: userPath(data), split }, (done, total) => progress.phase('evaluate', done, total))
      progress.close()
      const { rows, config, missing } = scored
      if (rows.length === 0) throw new MatcherError('data-invalid', `No pair of the ${split} split has a label; a test split takes them from test_labels.csv.`)
      const metrics = evaluateRows(rows, config.tasks)
      if (json) {
        process.stdout.write(jsonLine('evaluation', { split, ...metrics }))
        return
      }
      if (missing.length > 0) console.log(`Not in the data folder, so left out: ${missing.join(', ')}.`)
      console.log(metricsTable(metrics, { color: process.stdout.isTTY }))
    })
}
