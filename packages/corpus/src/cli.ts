import { Command, InvalidArgumentError } from 'commander'
import { MatcherError } from '@sohu-match/core'
import { userPath } from '@sohu-match/node'
import { writeCorpus } from './files'

try {
  await new Command('pairs')
    .description('Write the labelled pairs of the corpus as two data folders, news and questions.')
    .showHelpAfterError('(--help lists the options)')
    .requiredOption('--out <dir>', 'folder to write them in')
    .option('--limit <pairs>', 'most pairs of each task and split, to try things out', wholeNumber)
    .action(async ({ out, limit }: { out: string; limit?: number }) => {
      await writeCorpus(userPath(out), limit)
      console.log(`The pairs are in ${out}; train on the news with: nx run train:sohu -- --data ${out}/news`)
    })
    .parseAsync()
} catch (error) {
  console.error(error instanceof MatcherError ? `Error [${error.code}]: ${error.message}` : error)
  process.exitCode = 1
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number above 0.')
  return Number(text)
}
