import { MatcherError } from '@sohu-match/core'
import { userPath } from '@sohu-match/node'
import { wholeNumber } from '@sohu-match/node/cli'
import type { Command } from 'commander'
import { applyOverrides } from '../config'
import { weightsFolder } from './init'
import { importWeights } from '../pretrained/import'
import { OWN_KEYS } from '../pretrained/config'
import { summaryText } from '../pretrained/plan'

interface ImportFlags {
  readonly from: string
  readonly out: string
  readonly allowMissing?: string[]
  readonly maxLength: number
  readonly set: string[]
  readonly pruneVocabulary: boolean
  readonly words: number
  readonly rotaryPositions: boolean
  readonly seed: number
  readonly force: boolean
}

export function addImport(program: Command): void {
  program
    .command('import')
    .description(
      'write the weights of a public RoFormer or BERT (TensorFlow checkpoint, safetensors, PyTorch file, ONNX file) as a checkpoint'
    )
    .requiredOption(
      '--from <dir>',
      'folder with the weights, bert_config.json or config.json, and vocab.txt or tokenizer.json; or the name of public weights'
    )
    .requiredOption('--out <dir>', 'checkpoint folder to write')
    .option('--allow-missing <name...>', 'tensors that may be missing or unknown; a trailing * matches any ending')
    .option('--max-length <tokens>', 'tokens a pair is cut to', wholeNumber(4), 512)
    .option('--set <key=value...>', `keys of config.json that the weights leave open: ${OWN_KEYS.join(', ')}`, [])
    .option('--prune-vocabulary', 'remove tokens that no text can contain; no score changes', false)
    .option(
      '--words <count>',
      "add the most frequent words of jieba's dictionary to a vocabulary of characters, each as the mean of its characters",
      wholeNumber(0),
      0
    )
    .option(
      '--rotary-positions',
      'rotate queries and keys in place of learned positions, whose table is left out; train before use, for example with --teacher',
      false
    )
    .option(
      '--seed <number>',
      'seed of what the weights lack: the condition and the head',
      wholeNumber(0, 2 ** 32 - 1),
      1
    )
    .option('--force', 'replace what is at --out', false)
    .action(async ({ from, out, maxLength, set, ...options }: ImportFlags) => {
      const summary = await importWeights({
        ...options,
        from: await weightsFolder(from),
        out: userPath(out),
        model: ownKeys(applyOverrides({ max_length: maxLength }, set))
      })
      console.log(
        `${summaryText(summary)}\nThe checkpoint is in ${out}; fine-tune it: npx sohu-train sohu --init ${out} --preset sohu-base`
      )
    })
}

function ownKeys(model: Record<string, unknown>): Record<string, unknown> {
  const other = Object.keys(model).find((key) => !(OWN_KEYS as readonly string[]).includes(key))
  if (other === undefined) return model
  throw new MatcherError(
    'config-invalid',
    `--set ${other}: the weights settle it; the keys are ${OWN_KEYS.join(', ')}.`
  )
}
