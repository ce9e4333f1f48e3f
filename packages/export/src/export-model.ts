import { existsSync } from 'node:fs'
import { join } from 'node:path'
import {
  DTYPES, GRAPH_FILES, MatcherError, MANIFEST_FORMAT, modelConfigToJson, openDictionary, parseManifest, parseVocab,
  type Dtype, type Manifest, type ManifestGraph
} from '@sohu-match/core'
import { readBytes, readText, replaceFolder } from '@sohu-match/files'
import { openCheckpoint, type Checkpoint } from './checkpoint'
import { FolderWriter } from './files'
import { FORMATS } from './formats'
import { sohuGraph } from './graph'
import { modelCard } from './model-card'
import { OPSET, serializeGraph } from './onnx/serialize'
import { parityDifference, requireParity } from './parity'
import { openGraph } from './session'

/** What `exportModel` is asked for; paths are absolute. */
export interface ExportOptions {
  readonly checkpoint: string
  readonly out: string
  readonly dtypes: readonly Dtype[]
  readonly name: string
  /** Replaces a folder that is already at `out`. */
  readonly force: boolean
  /** Weights of one graph larger than this, in bytes, go to a file beside it. */
  readonly externalDataLimit?: number
}

/** Protobuf ends at 2 GiB, and so does what a browser can hold in one buffer; half of that leaves room. */
export const EXTERNAL_DATA_LIMIT = 2 ** 30

/**
 * Turns a checkpoint into a model folder: all of it, or nothing at `out`. The fp32 graph is always made and compared with parity.json.
 * Throws `output-exists`, `checkpoint-invalid`, `config-invalid`, `gate-failed` or `storage`.
 */
export async function exportModel(options: ExportOptions): Promise<Manifest> {
  if (existsSync(options.out) && !options.force) {
    throw new MatcherError('output-exists', `${options.out} is already there; name another folder, or say --force to replace it.`)
  }
  const checkpoint = await openCheckpoint(options.checkpoint)
  try {
    let manifest: Manifest | undefined
    await replaceFolder(options.out, async (temporary) => {
      manifest = await writeModel(new FolderWriter(temporary), checkpoint, options)
    })
    return manifest!
  } finally {
    checkpoint.weights.close()
  }
}

async function writeModel(writer: FolderWriter, checkpoint: Checkpoint, options: ExportOptions): Promise<Manifest> {
  const { config } = checkpoint
  const graphs: Partial<Record<Dtype, ManifestGraph>> = {}
  for (const dtype of DTYPES.filter((one) => one === 'fp32' || options.dtypes.includes(one))) {
    const written = writeGraph(writer, checkpoint, dtype, options.externalDataLimit ?? EXTERNAL_DATA_LIMIT)
    const graph = await openGraph(join(writer.folder, written.file))
    const difference = await parityDifference(graph, checkpoint.parity)
    await graph.release()
    if (dtype === 'fp32') requireParity(difference)
    if (options.dtypes.includes(dtype)) graphs[dtype] = { ...written, maxLogitDifference: Number(difference.toPrecision(2)) }
    else writer.remove(written.file, ...(written.externalData ?? []))
  }
  await copyAssets(writer, checkpoint)
  writer.json('config.json', modelConfigToJson(config))
  const manifest: Manifest = {
    format: MANIFEST_FORMAT, name: options.name,
    tasks: config.tasks.map((task) => ({ ...task, threshold: checkpoint.thresholds[task.name]!, f1: ratio(checkpoint.metrics.tasks[task.name]?.f1) })),
    maxLength: config.maxLength, tokenizer: { vocab: 'vocab.txt', dictionary: 'dictionary.bin', lowercase: true }, graphs, files: writer.files
  }
  writer.text('README.md', modelCard(manifest, config))
  parseManifest(JSON.parse(JSON.stringify(manifest)))                // what the SDKs would refuse is never written
  const complete = { ...manifest, files: { ...writer.files } }
  writer.json('manifest.json', complete)
  return complete
}

function writeGraph(writer: FolderWriter, { config, weights }: Checkpoint, dtype: Dtype, limit: number): ManifestGraph {
  const file = GRAPH_FILES[dtype]
  const dataFile = `${file}_data`
  const graph = sohuGraph(config, weights.read, FORMATS[dtype]())
  const { model, externalData } = serializeGraph(graph, 'sohu-match', { fileName: dataFile.slice(dataFile.lastIndexOf('/') + 1), limit })
  writer.write(file, model)
  if (!externalData) return { file, opset: OPSET }
  writer.write(dataFile, externalData)
  return { file, externalData: [dataFile], opset: OPSET }
}

/** Vocabulary, dictionary and its notice, as the checkpoint has them. Throws `checkpoint-invalid`, `asset-corrupt`. */
async function copyAssets(writer: FolderWriter, { folder, config }: Checkpoint): Promise<void> {
  const vocab = await readText(join(folder, 'vocab.txt'), 'checkpoint-invalid')
  const tokens = parseVocab(vocab).tokens.length
  if (tokens !== config.vocabSize) {
    throw new MatcherError('checkpoint-invalid', `${join(folder, 'vocab.txt')} has ${tokens} tokens; vocab_size in config.json is ${config.vocabSize}.`)
  }
  const dictionary = await readBytes(join(folder, 'dictionary.bin'), 'checkpoint-invalid')
  openDictionary(dictionary)
  writer.text('vocab.txt', vocab)
  writer.write('dictionary.bin', [dictionary])
  writer.text('NOTICE', await readText(join(folder, 'NOTICE'), 'checkpoint-invalid'))
}

/** A ratio that was 0/0 has no JSON form. */
function ratio(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : value
}
