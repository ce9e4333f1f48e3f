import { Command } from 'commander'
import { MatcherError } from '@sohu-match/core'
import { userPath } from '@sohu-match/node'
import { writeCorpus } from './files'

try {
  await new Command('pairs')
    .description('Write the labelled pairs of the corpus as two data folders, news and questions.')
    .showHelpAfterError('(--help lists the options)')
    .requiredOption('--out <dir>', 'folder to write them in')
    .action(async ({ out }: { out: string }) => {
      await writeCorpus(userPath(out))
      console.log(`The pairs are in ${out}; train on the news with: nx run train:sohu -- --data ${out}/news`)
    })
    .parseAsync()
} catch (error) {
  console.error(error instanceof MatcherError ? `Error [${error.code}]: ${error.message}` : error)
  process.exitCode = 1
}
