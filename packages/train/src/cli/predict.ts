import { MatcherError, type Example } from '@sohu-match/core'
import { labelsCsv, userPath, writeFileAtomic } from '@sohu-match/node'
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
      const labels = submission(examples, (i, task) =>
        predictions[i]!.score > thresholds[config.tasks[task]!.name]! ? 1 : 0
      )
      await writeFileAtomic(userPath(options.out), labelsCsv(labels))
      console.log(`${labels.length} labels are in ${options.out}.`)
    })
}

/** A label for each pair's id. Throws `data-invalid` for a pair without an id, and for an id of two pairs: its label would be ambiguous. */
export function submission(
  examples: readonly Example[],
  labelOf: (index: number, task: number) => 0 | 1
): { id: string; label: 0 | 1 }[] {
  const first = new Map<string, number>()
  return examples.map(({ id, task }, i) => {
    if (id === undefined)
      throw new MatcherError('data-invalid', `Test pair ${i + 1} has no "id"; a submission names every pair by its id.`)
    const other = first.get(id)
    if (other !== undefined)
      throw new MatcherError(
        'data-invalid',
        `Test pairs ${other + 1} and ${i + 1} have the same id "${id}"; a submission needs an id of its own for each pair.`
      )
    first.set(id, i)
    return { id, label: labelOf(i, task) }
  })
}
