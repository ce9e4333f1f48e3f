import { exportCommand } from '@sohu-match/export/command'
import { reportError } from '@sohu-match/node/cli'
import { Command } from 'commander'

declare const VERSION: string

/** Commands that do not need TensorFlow, which is loaded for all others. */
const WITHOUT_TENSORFLOW: readonly (string | undefined)[] = ['export', '--version', '-V']

/** The trainer's commands, with a line of help for the set-up, which bin/ runs before anything is loaded. */
async function trainingProgram(): Promise<Command> {
  const { program } = await import('@sohu-match/training/program')
  program
    .command('setup')
    .description('install what training needs besides the npm packages: TensorFlow, its addon, fused kernels')
  return program
}

try {
  const program = WITHOUT_TENSORFLOW.includes(process.argv[2]) ? new Command('sohu-train') : await trainingProgram()
  await program.version(VERSION).addCommand(exportCommand('export')).parseAsync()
} catch (error) {
  reportError('sohu-train', error)
}
