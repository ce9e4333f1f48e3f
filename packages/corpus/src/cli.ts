import { Command } from 'commander'
import { userPath } from '@sohu-match/node'
import { reportError, wholeNumber } from '@sohu-match/node/cli'
import { writeCorpus } from './files'

try {
  await new Command('pairs')
    .description('Write the labelled pairs of the corpus as two data folders, news and questions.')
    .showHelpAfterError('(--help lists the options)')
    .requiredOption('--out <dir>', 'folder to write them in')
    .option('--limit <pairs>', 'most pairs of each task and split, to try things out', wholeNumber(1))
    .option('--no-sagas', 'leave out the pairs of sagas, in which a shared name does not decide')
    .action(async ({ out, ...options }: { out: string; limit?: number; sagas: boolean }) => {
      await writeCorpus(userPath(out), options)
      console.log(`The pairs are in ${out}; train on the news with: npx sohu-train sohu --data ${out}/news`)
    })
    .parseAsync()
} catch (error) {
  reportError('pairs', error)
}
