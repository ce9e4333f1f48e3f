import { MatcherError } from '@sohu-match/core'
import { userPath, writeFileAtomic } from '@sohu-match/node'
import type { Command } from 'commander'
import { scoreSplit } from '../evaluate/scoring'

/** `predict`: the competition's submission file, `id,label` for every test pair. */
export function addPredict(program: Command): void {
  program
    .command('predict')
    .description('write id,label for the test pairs of a data folder')
    .requiredOption('--checkpoint <dir>', "a run's best/ folder")
    .requiredOption('--data <dir>', 'data folder: Sohu layout or dataset.json')
    .requiredOption('--out <file>', 'CSV file to write')
    .action(async (options: { checkpoint: string; data: string; out: string }) => {
      const { examples, predictions, config, thresholds } = await scoreSplit({
        checkpoint: userPath(options.checkpoint),
        data: userPath(options.data),
        split: 'test'
      })
      const lines = examples.map(({ id, task }, i) => {
        if (id === undefined)
          throw new MatcherError(
            'data-invalid',
            `Test pair ${i + 1} has no "id"; a submission names every pair by its id.`
          )
        return `${id},${predictions[i]!.score > thresholds[config.tasks[task]!.name]! ? 1 : 0}`
      })
      await writeFileAtomic(userPath(options.out), `${['id,label', ...lines].join('\n')}\n`)
      console.log(`${lines.length} labels are in ${options.out}.`)
    })
}
