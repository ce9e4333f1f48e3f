import { userPath } from '@sohu-match/node'
import { InvalidArgumentError, type Command } from 'commander'
import { importWeights } from '../pretrained/import'
import { summaryText } from '../pretrained/plan'

interface ImportFlags {
  readonly from: string
  readonly out: string
  readonly allowMissing?: string[]
  readonly maxLength: number
  readonly seed: number
  readonly force: boolean
}

/** `import`: public weights to a checkpoint. */
export function addImport(program: Command): void {
  program
    .command('import')
    .description(
      'write the weights of a public RoFormer (TensorFlow checkpoint, safetensors, PyTorch file) as a checkpoint'
    )
    .requiredOption('--from <dir>', 'folder with the weights, bert_config.json or config.json, and vocab.txt')
    .requiredOption('--out <dir>', 'checkpoint folder to write')
    .option('--allow-missing <name...>', 'tensors that may be missing or unknown; a trailing * stands for any ending')
    .option('--max-length <tokens>', 'tokens a pair is cut to', wholeNumber, 512)
    .option('--seed <number>', 'seed of what the weights lack: the condition and the head', wholeNumber, 1)
    .option('--force', 'replace what is at --out', false)
    .action(async ({ from, out, allowMissing, maxLength, seed, force }: ImportFlags) => {
      const summary = await importWeights({
        from: userPath(from),
        out: userPath(out),
        allowMissing,
        seed,
        force,
        model: { max_length: maxLength }
      })
      console.log(
        `${summaryText(summary)}\nThe checkpoint is in ${out}; fine-tune it: nx run train:sohu -- --init ${out} --preset sohu-base`
      )
    })
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(text)
}
