import { DTYPES, MatcherError, type Dtype } from '@sohu-match/core'
import { userPath } from '@sohu-match/files'
import { Command, InvalidArgumentError, Option } from 'commander'
import { exportModel } from './export-model'

interface SohuFlags {
  readonly checkpoint: string
  readonly out: string
  readonly dtype: Dtype[]
  readonly name: string
  readonly force?: boolean
}

const program = new Command('export').description('Turns checkpoints into model folders.').showHelpAfterError()

program.command('sohu')
  .description('export a checkpoint as quantized ONNX graphs with a manifest')
  .requiredOption('--checkpoint <dir>', 'the checkpoint folder, such as runs/NAME/best')
  .requiredOption('--out <dir>', 'the model folder to write')
  .addOption(new Option('--dtype <list>', `precisions, comma-separated: ${DTYPES.join(', ')}`).default(['fp32', 'int8', 'q8'], 'fp32,int8,q8').argParser(parseDtypes))
  .option('--name <name>', "the model's name in manifest and model card", 'sohu')
  .option('--force', 'replace what is at --out')
  .action(async (flags: SohuFlags) => {
    const out = userPath(flags.out)
    const manifest = await exportModel({ ...flags, checkpoint: userPath(flags.checkpoint), out, dtypes: flags.dtype, force: flags.force ?? false })
    console.log(`${out}: ${Object.keys(manifest.graphs).join(', ')}, ${Object.keys(manifest.files).length} files.`)
  })

/** Comma-separated precisions. */
function parseDtypes(list: string): Dtype[] {
  return list.split(',').map((name) => {
    const dtype = DTYPES.find((one) => one === name.trim())
    if (!dtype) throw new InvalidArgumentError(`"${name}" is not one of ${DTYPES.join(', ')}.`)
    return dtype
  })
}

try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof MatcherError)) throw error
  console.error(`${error.code}: ${error.message}`)
  process.exitCode = 1
}
