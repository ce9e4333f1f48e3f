import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { MatcherError, type ModelConfig } from '@sohu-match/core'
import { ByteFile, readError } from '@sohu-match/node'
import { readPublicConfig, type OwnSwitches } from './config'
import { isKerasObjects, KERAS_NAMES, KERAS_OBJECT_NAMES } from './keras/names'
import { HUGGING_FACE_NAMES, ONNX_NAMES, sourceNames, TENSORFLOW_NAMES, type NameTable } from './names'
import { openOnnx } from './onnx/file'
import { openPyTorch } from './pytorch/checkpoint'
import { openSafetensors } from './safetensors'
import { openSharded } from './sharded'
import { damaged, type TensorSource } from './source'
import { openTensorFlow } from './tensorflow/bundle'
import { isTable } from './tensorflow/table'
import { readPublicVocab, requireVocabSize, wordSegmentationOf } from './vocabulary'

/** Public weights: their configuration with this project's switches, their vocabulary, and their tensors. */
export interface PublicWeights {
  readonly config: ModelConfig
  /** The text of vocab.txt. */
  readonly vocab: string
  readonly names: NameTable
  readonly source: TensorSource
}

/** The first bytes of every HDF5 file. */
const HDF5_SIGNATURE = Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a)

/** Names of the word embeddings in a `BertModel` and a `RoFormerModel`. */
const WORD_TABLE = 'embeddings.word_embeddings.weight'

/** The HDF5 library is some megabytes of wasm, so it is loaded when needed. */
const openKeras = async (path: string): Promise<TensorSource> => (await import('./keras/hdf5')).openKeras(path)

interface WeightsFile {
  readonly file: string
  readonly open: (path: string) => Promise<TensorSource>
}

/** In order of preference: the same weights are often published in several formats, and safetensors is the safest. */
const NAMED_FILES: readonly WeightsFile[] = [
  { file: 'model.safetensors', open: openSafetensors },
  { file: 'model.safetensors.index.json', open: (path) => openSharded(path, openSafetensors) },
  { file: 'pytorch_model.bin', open: openPyTorch },
  { file: 'pytorch_model.bin.index.json', open: (path) => openSharded(path, openPyTorch) },
  { file: 'model.onnx', open: openOnnx }
]

/**
 * Opens the public weights in a folder: Hugging Face's safetensors or PyTorch file, an ONNX file, a TensorFlow
 * checkpoint, or the baseline's Keras model, the last two detected by content, next to `bert_config.json` or
 * `config.json` and `vocab.txt` or `tokenizer.json`. Reads only headers. Throws `checkpoint-invalid` or
 * `config-invalid`.
 */
export async function openPublicWeights(folder: string, own: OwnSwitches = {}): Promise<PublicWeights> {
  const files = await readdir(folder).catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === 'ENOTDIR'
      ? damaged(folder, 'is a file; name its folder', cause)
      : readError(folder, cause, 'checkpoint-invalid')
  })
  const found = NAMED_FILES.find(({ file }) => files.includes(file)) ?? (await foundByContent(folder, files))
  if (!found) {
    throw new MatcherError(
      'checkpoint-invalid',
      `${folder} holds no weights that can be read; it needs model.safetensors, pytorch_model.bin (each may be sharded), ` +
        'an ONNX file, a TensorFlow checkpoint (*.index and *.data-*) or a Keras model (HDF5).'
    )
  }
  const configPath = join(folder, configFile(folder, files))
  const opened = await found.open(join(folder, found.file))
  try {
    const names = namesOf(found, opened)
    const source = huggingFaceNamed(names) ? withoutPrefix(opened) : opened
    const vocab = await readPublicVocab(folder, files)
    const positionTable = sourceNames(names, 1).get('embeddings.position')
    const positions = positionTable !== undefined && source.tensors.has(positionTable)
    const config = await readPublicConfig(
      configPath,
      { positions, wordSegmentation: wordSegmentationOf(vocab.text) },
      own
    )
    requireVocabSize(vocab, config)
    return { config, vocab: vocab.text, names, source }
  } catch (cause) {
    await opened.close()
    throw cause
  }
}

function namesOf({ open, file }: WeightsFile, { tensors }: TensorSource): NameTable {
  if (open === openOnnx) return ONNX_NAMES
  if (open === openKeras) return KERAS_NAMES
  if (isKerasObjects(tensors.keys())) return KERAS_OBJECT_NAMES
  return NAMED_FILES.some((named) => named.file === file) ? HUGGING_FACE_NAMES : TENSORFLOW_NAMES
}

function huggingFaceNamed(names: NameTable): boolean {
  return names === HUGGING_FACE_NAMES || names === ONNX_NAMES
}

function configFile(folder: string, files: readonly string[]): string {
  const found = ['bert_config.json', 'config.json'].find((name) => files.includes(name))
  if (found === undefined)
    throw damaged(folder, 'there are weights and neither bert_config.json nor config.json; fetch it too')
  return found
}

/**
 * The only TensorFlow index (`….index` with a table's magic number), HDF5 file or `….onnx` file of any name. Throws
 * `checkpoint-invalid` if there are several: a trained model must not be mistaken for the weights it was trained from.
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
  const file = ByteFile.open(path)
  try {
    const piece = (begin: number): Uint8Array =>
      file.read(Math.max(0, begin), Math.min(8, file.size), 'its first or last bytes')
    if (Buffer.compare(piece(0), HDF5_SIGNATURE) === 0) return openKeras
    if (path.endsWith('.onnx')) return openOnnx
    if (!path.endsWith('.index')) return undefined
    if (isTable(piece(file.size - 8))) return openTensorFlow
  } finally {
    file.close()
  }
  throw damaged(path, 'does not end as the index of a TensorFlow checkpoint does; it is truncated or something else')
}

/** Removes the prefix of a model that contains a `BertModel`, such as `bert.` or `0.auto_model.`. */
function withoutPrefix(source: TensorSource): TensorSource {
  const words = [...source.tensors.keys()].find((name) => name.endsWith(WORD_TABLE)) ?? WORD_TABLE
  const prefix = words.slice(0, -WORD_TABLE.length)
  const short = (name: string): string =>
    (name.startsWith(prefix) ? name.slice(prefix.length) : name)
      .replace(/\.LayerNorm\.gamma$/, '.LayerNorm.weight')
      .replace(/\.LayerNorm\.beta$/, '.LayerNorm.bias')
  return { ...source, tensors: new Map([...source.tensors].map(([name, tensor]) => [short(name), tensor])) }
}
