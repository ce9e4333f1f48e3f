import { Command, Option } from 'commander'
import { userPath } from '@sohu-match/node'
import { reportError, wholeNumber } from '@sohu-match/node/cli'
import { writeCorpus } from './files'
import { ROUNDS } from './texts'

interface PairsFlags {
  readonly out: string
  readonly limit?: number
  readonly rounds?: readonly string[]
  readonly wide?: boolean
}

try {
  await new Command('pairs')
    .description('Write the labelled pairs of the corpus as two data folders, news and questions.')
    .showHelpAfterError('(--help lists the options)')
    .requiredOption('--out <dir>', 'folder to write them in')
    .option('--limit <pairs>', 'most pairs of each task and split, to try things out', wholeNumber(1))
    .addOption(
      new Option(
        '--rounds <numbers...>',
        'rounds of writing whose news are paired (default: all; the third are sagas)'
      ).choices(ROUNDS.map((_, i) => String(i + 1)))
    )
    .option('--wide', 'also write the folder wide, a second test of topics written later')
    .action(async ({ out, limit, rounds, wide }: PairsFlags) => {
      await writeCorpus(userPath(out), {
        ...(limit && { limit }),
        ...(rounds && { rounds: rounds.map(Number) }),
        ...(wide && { wide })
      })
      console.log(`The pairs are in ${out}; train on the news with: npx sohu-train sohu --data ${out}/news`)
    })
    .parseAsync()
} catch (error) {
  reportError('pairs', error)
}
