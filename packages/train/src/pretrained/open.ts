import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { MatcherError, type ModelConfig } from '@sohu-match/core'
import { readError } from '@sohu-match/node'
import { ByteFile } from './byte-file'
import { readPublicConfig, readPublicVocab, type OwnSwitches } from './config'
import { isKerasObjects, KERAS_NAMES, KERAS_OBJECT_NAMES } from './keras/names'
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

/** The first bytes of every HDF5 file. */
const HDF5_SIGNATURE = Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a)

/** Loaded when it is needed: the HDF5 library is some megabytes of wasm. */
const openKeras = async (path: string): Promise<TensorSource> => (await import('./keras/hdf5')).openKeras(path)

/** A file with weights, and how to open it. */
interface WeightsFile {
  readonly file: string
  readonly open: (path: string) => Promise<TensorSource>
}

/** Hugging Face's files, in order of preference: the same weights are often published in several forms, and safetensors is the safest. */
const HUGGING_FACE_FILES: readonly WeightsFile[] = [
  { file: 'model.safetensors', open: openSafetensors },
  { file: 'model.safetensors.index.json', open: (path) => openSharded(path, openSafetensors) },
  { file: 'pytorch_model.bin', open: openPyTorch },
  { file: 'pytorch_model.bin.index.json', open: (path) => openSharded(path, openPyTorch) }
]

/**
 * Opens the public weights in a folder: Hugging Face's safetensors or PyTorch file, a TensorFlow checkpoint, or the baseline's Keras
 * model, the last two found by content, with `bert_config.json` or `config.json` and `vocab.txt` beside it. Nothing but headers is read.
 * Throws `checkpoint-invalid` or `config-invalid`.
 */
export async function openPublicWeights(folder: string, own: OwnSwitches = {}): Promise<PublicWeights> {
  const files = await readdir(folder).catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === 'ENOTDIR'
      ? damaged(folder, 'is a file; name the folder that it lies in', cause)
      : readError(folder, cause, 'checkpoint-invalid')
  })
  const huggingFace = HUGGING_FACE_FILES.find(({ file }) => files.includes(file))
  const found = huggingFace ?? (await foundByContent(folder, files))
  if (!found) {
    throw new MatcherError(
      'checkpoint-invalid',
      `${folder} holds no weights that can be read; it needs model.safetensors, pytorch_model.bin ` +
        '(each may be sharded), a TensorFlow checkpoint (*.index and *.data-*) or a Keras model (HDF5).'
    )
  }
  const config = await readPublicConfig(join(folder, configFile(folder, files)), own)
  const vocab = await readPublicVocab(join(folder, 'vocab.txt'), config)
  const opened = await found.open(join(folder, found.file))
  if (huggingFace) return { config, vocab, names: HUGGING_FACE_NAMES, source: withoutPrefix(opened) }
  const tensorFlow = isKerasObjects(opened.tensors.keys()) ? KERAS_OBJECT_NAMES : TENSORFLOW_NAMES
  return { config, vocab, names: found.open === openKeras ? KERAS_NAMES : tensorFlow, source: opened }
}

function configFile(folder: string, files: readonly string[]): string {
  const found = ['bert_config.json', 'config.json'].find((name) => files.includes(name))
  if (found === undefined)
    throw damaged(folder, 'there are weights and neither bert_config.json nor config.json; fetch it too')
  return found
}

/**
 * The one TensorFlow index (a file `….index` that ends as a table does) or HDF5 file, whatever its name. Throws `checkpoint-invalid` if
 * there are several: a trained model beside the weights it was trained from must not be mistaken for them.
 */
async function foundByContent(folder: string, files: readonly string[]): Promise<WeightsFile | undefined> {
  const found: WeightsFile[] = []
  for (const file of files.filter((name) => !/\.(txt|json|md)$|\.data-\d+-of-\d+$/.test(name))) {
    const open = await kindOf(join(folder, file))
    if (open) found.push({ file, open })
  }
  if (found.length > 1)
    throw damaged(
      folder,
      `there are ${found.length} checkpoints, ${found.map(({ file }) => file).join(', ')}; leave one, with its data files`
    )
  return found[0]
}

async function kindOf(path: string): Promise<WeightsFile['open'] | undefined> {
  if (!(await stat(path)).isFile()) return undefined
  const file = await ByteFile.open(path)
  try {
    const piece = (begin: number): Promise<Uint8Array> =>
      file.read(Math.max(0, begin), Math.min(8, file.size), 'its first or last bytes')
    if (Buffer.compare(await piece(0), HDF5_SIGNATURE) === 0) return openKeras
    if (!path.endsWith('.index')) return undefined
    if (isTable(await piece(file.size - 8))) return openTensorFlow
  } finally {
    await file.close()
  }
  throw damaged(path, 'does not end as the index of a TensorFlow checkpoint does; it is cut short or something else')
}

/** The tensors under the names that a `RoFormerModel` gives them; one with a head keeps it under `roformer.`. */
function withoutPrefix(source: TensorSource): TensorSource {
  const short = (name: string): string =>
    name
      .replace(/^roformer\./, '')
      .replace(/\.LayerNorm\.gamma$/, '.LayerNorm.weight')
      .replace(/\.LayerNorm\.beta$/, '.LayerNorm.bias')
  const tensors = new Map<string, SourceTensor>()
  for (const [name, tensor] of source.tensors) tensors.set(short(name), tensor)
  return { ...source, tensors }
}
