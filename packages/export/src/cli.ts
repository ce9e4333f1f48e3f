import { reportError } from '@sohu-match/node/cli'
import { Command } from 'commander'
import { exportCommand } from './cli/command'

try {
  await new Command('export')
    .description('Turns checkpoints into model folders.')
    .addCommand(exportCommand('sohu'))
    .showHelpAfterError()
    .showSuggestionAfterError()
    .parseAsync()
} catch (error) {
  reportError('export', error)
}
