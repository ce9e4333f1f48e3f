import { DTYPES, MatcherError, type Dtype } from '@sohu-match/core'
import { userPath, type GivenColumns } from '@sohu-match/node'
import { COLUMNS, numberIn, wholeNumber } from '@sohu-match/node/cli'
import { Command, Option } from 'commander'
import { exportModel, LAYOUTS, type Layout } from '../export-model'
import { formatReport } from '../report'

interface SohuFlags {
  readonly checkpoint: string
  readonly out: string
  readonly dtype: Dtype[]
  readonly name: string
  readonly task?: string
  readonly layout: Layout
  readonly data?: string
  readonly columns: GivenColumns
  readonly gate: number | false
  readonly gatePairs: number
  readonly wordBits?: '4' | '8'
  readonly activationBits: '8' | '14'
  readonly latency: boolean
  readonly force?: boolean
}

/** Mean F1 that a dtype may lose against fp32: .003 is less than the difference between two seeds of training. */
const LARGEST_DROP = 0.003
/** Pairs that the gate runs in every dtype: some minutes for the base model, and F1 to about half a point. */
const GATE_PAIRS = 2000

/** The command that exports a checkpoint as a model folder; `name` is its name in the caller's program. */
export function exportCommand(name: string): Command {
  return new Command(name)
    .description('export a checkpoint as quantized ONNX graphs with a manifest')
    .requiredOption('--checkpoint <dir>', 'the checkpoint folder, such as runs/NAME/best')
    .requiredOption('--out <dir>', 'the model folder to write')
    .addOption(
      new Option('--dtype <list>', `precisions, comma-separated: ${DTYPES.join(', ')}`)
        .default(['fp32', 'int8', 'q8'], 'fp32,int8,q8')
        .argParser(parseDtypes)
    )
    .option(
      '--data <path>',
      'labeled pairs, a file or folder as in training; F1 of every dtype is measured on the valid split'
    )
    .addOption(new Option(COLUMNS.flags, COLUMNS.description).argParser(COLUMNS.parse).default({}, 'by their names'))
    .addOption(
      new Option(
        '--gate <drop>',
        'refuse a dtype whose mean F1, or score of a task with labels, is lower than that of fp32 by more'
      )
        .default(LARGEST_DROP)
        .argParser(numberIn(0))
    )
    .option('--no-gate', 'export without measuring F1')
    .addOption(
      new Option('--gate-pairs <count>', 'pairs that F1 is measured on, stratified by task and label')
        .default(GATE_PAIRS)
        .argParser(wholeNumber(1))
    )
    .option('--task <name>', "one task alone, as a plain RoFormer in Hugging Face's layout")
    .addOption(
      new Option('--layout <name>', "triton: the folder is also a model of Triton's repository, with one --dtype")
        .choices(LAYOUTS)
        .default('sohu')
    )
    .option('--name <name>', "the model's name in manifest and model card", 'sohu')
    .addOption(
      new Option(
        '--word-bits <bits>',
        'of the word embeddings in int8 and q8 (default: 8, and 4 for a bi-encoder)'
      ).choices(['4', '8'])
    )
    .addOption(
      new Option(
        '--activation-bits <bits>',
        'in int8; with 14, browsers and Node agree on scores to about .001, in up to 1.7 times the time'
      )
        .choices(['8', '14'])
        .default('8')
    )
    .option('--no-latency', 'do not time the graphs')
    .option('--force', 'replace the exported model at --out')
    .action(run)
}

async function run(flags: SohuFlags): Promise<void> {
  const out = userPath(flags.out)
  const reports = await exportModel({
    ...flags,
    out,
    workingFolder: userPath('.'),
    checkpoint: userPath(flags.checkpoint),
    dtypes: flags.dtype,
    force: flags.force ?? false,
    wordBits: flags.wordBits === undefined ? undefined : flags.wordBits === '4' ? 4 : 8,
    activationBits: flags.activationBits === '14' ? 14 : 8,
    gate: gateOptions(flags),
    onProgress: (text) => console.error(text)
  })
  const { tasks = {}, answers = {} } = reports.fp32?.gate?.metrics ?? {}
  const names = Object.keys({ ...tasks, ...answers }).map((name) => ({ name }))
  console.log(`${formatReport(reports, names)}\n\n${out} holds ${flags.dtype.join(', ')}.`)
}

/** Skipping the gate must be explicit. */
function gateOptions({ data, columns, gate, gatePairs }: SohuFlags) {
  if (gate === false) return undefined
  if (data === undefined) {
    throw new MatcherError(
      'config-invalid',
      'There is no --data to measure F1 on: name the labeled pairs, or say --no-gate to export without that check.'
    )
  }
  return { data: userPath(data), columns, largestDrop: gate, pairs: gatePairs }
}

/** Comma-separated precisions. Throws `config-invalid`. */
function parseDtypes(list: string): Dtype[] {
  return list.split(',').map((name) => {
    const dtype = DTYPES.find((one) => one === name.trim())
    if (!dtype)
      throw new MatcherError(
        'config-invalid',
        `--dtype has "${name}"; it takes ${DTYPES.join(', ')}, separated by commas.`
      )
    return dtype
  })
}
