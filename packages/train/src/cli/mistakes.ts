import { userPath, writeFileAtomic } from '@sohu-match/node'
import { wholeNumber } from '@sohu-match/node/cli'
import type { Command } from 'commander'
import { jiebaWords } from '../checkpoint/dictionary'
import { createProgress } from '../report/bar'
import { errorsPage } from '../report/mistakes'
import { answerSections, wrongAnswers } from '../report/wrong-answers'
import { columnsOption, DATA_HELP, splitOption, taskOption, type DataFlags } from './data'
import { scoreLabelled } from './evaluate'

interface ErrorsFlags extends DataFlags {
  readonly checkpoint: string
  readonly out: string
  readonly count: number
}

export function addErrors(program: Command): void {
  program
    .command('errors')
    .description(
      'the most wrong pairs by kind (numbers or names differ, no word in common, …) and the labels to look at, as an HTML page'
    )
    .requiredOption('--checkpoint <dir>', "a run's best/ folder")
    .requiredOption('--data <path>', DATA_HELP)
    .addOption(splitOption('valid'))
    .addOption(columnsOption())
    .addOption(taskOption())
    .option('--out <file>', 'HTML file to write', 'errors.html')
    .option('--count <n>', 'pairs shown of each task and kind', wholeNumber(1), 20)
    .action(async (flags: ErrorsFlags) => {
      const progress = createProgress(process.stderr)
      const { rows, answers, config, thresholds } = await scoreLabelled(flags, (done, total) =>
        progress.phase('evaluate', done, total)
      )
      progress.close()
      const title = `Errors of ${flags.checkpoint} on the ${flags.split} split of ${flags.data}`
      const words = await jiebaWords()
      const more = answerSections(answers, config.tasks, thresholds, words, flags.count)
      const options = { words, count: flags.count, heldOut: flags.split !== 'train', more }
      await writeFileAtomic(userPath(flags.out), errorsPage(title, rows, config.tasks, options))
      const labelled = config.tasks.filter(({ labels }) => labels)
      const wrong = [
        ...rows.filter(({ label, predicted }) => label !== predicted),
        ...labelled.flatMap((task) => wrongAnswers(answers, task, thresholds))
      ]
      const judged = [...rows, ...answers.filter(({ task }) => config.tasks[task]!.labels)] // a score is never exactly right
      console.log(`${wrong.length} of ${judged.length} pairs are judged wrongly; the worst are in ${flags.out}.`)
    })
}
