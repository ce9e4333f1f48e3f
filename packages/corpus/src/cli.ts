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
    .action(async ({ out, limit }: { out: string; limit?: number }) => {
      await writeCorpus(userPath(out), limit)
      console.log(`The pairs are in ${out}; train on the news with: npx sohu-train sohu --data ${out}/news`)
    })
    .parseAsync()
} catch (error) {
  reportError('pairs', error)
}
