import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { MatcherError, type ModelConfig } from '@sohu-match/core'
import { readError } from '@sohu-match/files'
import { ByteFile } from './byte-file'
import { readPublicConfig, readPublicVocab, type OwnSwitches } from './config'
import { HUGGING_FACE_NAMES, TENSORFLOW_NAMES, type NameTable } from './names'
import { openPyTorch } from './pytorch/checkpoint'
import { openSafetensors } from './safetensors'
import { openSharded } from './sharded'
import { damaged, type SourceTensor, type TensorSource } from './source'
import { openTensorFlow } from './tensorflow/bundle'
import { isTable } from './tensorflow/table'

/** Public weights, opened: their configuration with this project's switches, their vocabulary, and where each tensor lies. */
export interface PublicWeights {
  readonly config: ModelConfig
  /** The text of vocab.txt. */
  readonly vocab: string
  readonly names: NameTable
  readonly source: TensorSource
}

/** A kind of checkpoint that a folder may hold: how to know its file, and how to open it. */
interface Kind {
  readonly find: (folder: string, files: readonly string[]) => Promise<string | undefined>
  readonly open: (path: string) => Promise<TensorSource>
  readonly names: NameTable
}

const named = (name: string): Kind['find'] => async (_folder, files) => (files.includes(name) ? name : undefined)

/** In order of preference: the same weights are often published in several forms, and safetensors is the safest. */
const KINDS: readonly Kind[] = [
  { find: named('model.safetensors'), open: openSafetensors, names: HUGGING_FACE_NAMES },
  { find: named('model.safetensors.index.json'), open: (path) => openSharded(path, openSafetensors), names: HUGGING_FACE_NAMES },
  { find: named('pytorch_model.bin'), open: openPyTorch, names: HUGGING_FACE_NAMES },
  { find: named('pytorch_model.bin.index.json'), open: (path) => openSharded(path, openPyTorch), names: HUGGING_FACE_NAMES },
  { find: tensorFlowIndex, open: openTensorFlow, names: TENSORFLOW_NAMES }
]

/**
 * Opens the public weights in a folder: a TensorFlow checkpoint, or Hugging Face's safetensors or PyTorch file, found by content, with
 * `bert_config.json` or `config.json` and `vocab.txt` beside it. Nothing but headers is read. Throws `checkpoint-invalid` or `config-invalid`.
 */
export async function openPublicWeights(folder: string, own: OwnSwitches = {}): Promise<PublicWeights> {
  const files = await readdir(folder).catch((cause: unknown) => { throw readError(folder, cause, 'checkpoint-invalid') })
  for (const { find, open, names } of KINDS) {
    const file = await find(folder, files)
    if (file === undefined) continue
    const config = await readPublicConfig(join(folder, configFile(folder, files)), own)
    const vocab = await readPublicVocab(join(folder, 'vocab.txt'), config)
    return { config, vocab, names, source: names === HUGGING_FACE_NAMES ? withoutPrefix(await open(join(folder, file))) : await open(join(folder, file)) }
  }
  throw new MatcherError('checkpoint-invalid',
    `${folder} holds no weights that can be read; it needs model.safetensors, pytorch_model.bin (each may be sharded) or a TensorFlow checkpoint (*.index and *.data-*).`)
}

function configFile(folder: string, files: readonly string[]): string {
  const found = ['bert_config.json', 'config.json'].find((name) => files.includes(name))
  if (found === undefined) throw damaged(folder, 'there are weights and neither bert_config.json nor config.json; fetch it too')
  return found
}

/** The one `.index` file whose last bytes are a table's. Throws `checkpoint-invalid` if there are several. */
async function tensorFlowIndex(folder: string, files: readonly string[]): Promise<string | undefined> {
  const found: string[] = []
  for (const name of files.filter((file) => file.endsWith('.index'))) {
    const file = await ByteFile.open(join(folder, name))
    try {
      if (isTable(await file.read(Math.max(0, file.size - 8), Math.min(8, file.size), 'the end'))) found.push(name)
      else throw damaged(join(folder, name), 'does not end as the index of a TensorFlow checkpoint does; it is cut short or something else')
    } finally {
      await file.close()
    }
  }
  if (found.length > 1) throw damaged(folder, `there are ${found.length} checkpoints, ${found.join(', ')}; leave one, with its data files`)
  return found[0]
}

/** The tensors under the names that a `RoFormerModel` gives them; one with a head keeps it under `roformer.`. */
function withoutPrefix(source: TensorSource): TensorSource {
  const short = (name: string): string => name.replace(/^roformer\./, '').replace(/\.LayerNorm\.gamma$/, '.LayerNorm.weight').replace(/\.LayerNorm\.beta$/, '.LayerNorm.bias')
  const tensors = new Map<string, SourceTensor>()
  for (const [name, tensor] of source.tensors) tensors.set(short(name), tensor)
  return { ...source, tensors }
}
