import { reportError } from '@sohu-match/node/cli'
import { Command } from 'commander'
import { addBench } from './commands/bench'
import { addDedupe } from './commands/dedupe'
import { addDoctor } from './commands/doctor'
import { addEmbed } from './commands/embed'
import { addMatch } from './commands/match'
import { addScore } from './commands/score'
import { addServe } from './commands/serve'

declare const VERSION: string

const program = new Command('sohu-match')
  .description('Judges Chinese text pairs with a sohu-match model folder.')
  .version(VERSION)
  .showHelpAfterError('(add --help for the flags)')

addMatch(program)
addScore(program)
addServe(program, VERSION)
addEmbed(program)
addDedupe(program)
addBench(program)
addDoctor(program, VERSION)

/** A reader that closes our output (`| head`) is not an error. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1)
})

try {
  await program.parseAsync()
} catch (error) {
  reportError('sohu-match', error)
}
