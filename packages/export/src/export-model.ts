import { MatcherError, type Dtype, type ModelConfig } from '@sohu-match/core'
import { MODEL_FOLDER, openCheckpoint, outputFolder, replaceFolder } from '@sohu-match/node'
import { FolderWriter } from './folder-writer'
import type { ExportJob } from './job'
import { readGatePairs, type GateOptions } from './measure/gate'
import { measureGraphs, type Reports } from './measure/measure'
import { finishModelFolder, finishTaskFolder } from './folder/model-folder'
import { TRITON_CONFIG, TRITON_GRAPH, tritonConfig } from './folder/triton'
import type { ActivationBits } from './formats/format'
import type { BlockBits } from './quantize/blocks'
import { allTasks, singleTask, type Target } from './target'
import { writeGraphs } from './write-graphs'

/** Layouts of a model folder: `triton` adds what NVIDIA's Triton Inference Server reads. */
export const LAYOUTS = ['sohu', 'triton'] as const

export type Layout = (typeof LAYOUTS)[number]

/** Paths are absolute. */
export interface ExportOptions {
  readonly checkpoint: string
  readonly out: string
  readonly dtypes: readonly Dtype[]
  readonly name: string
  /** Replaces an exported model at `out`, and nothing else. */
  readonly force: boolean
  /** The user's folder, which is never replaced. Default: the process's. */
  readonly workingFolder?: string | undefined
  /** Exports only this task, in Hugging Face's layout. */
  readonly task?: string | undefined
  /** `triton`: the folder is also a model of Triton's repository, of one dtype. Default: a model folder only. */
  readonly layout?: Layout | undefined
  /** Without it, F1 is neither measured nor required. */
  readonly gate?: GateOptions | undefined
  /** Measures latency. */
  readonly latency: boolean
  /** Bytes of weights of a graph above which they go to a separate file. Default: 1 GiB. */
  readonly externalDataLimit?: number
  /** Bits of the word embeddings in int8 and q8. Default: 8, and 4 for a bi-encoder. */
  readonly wordBits?: BlockBits | undefined
  /** Bits of activations in int8. Default: 8. With 14, engines agree on scores to about .001, in up to 1.7 times the time. */
  readonly activationBits?: ActivationBits | undefined
  readonly onProgress?: (text: string) => void
}

/** Protobuf and browser buffers end at 2 GiB; half of that leaves room. */
const EXTERNAL_DATA_LIMIT = 2 ** 30

/**
 * Exports a checkpoint as a model folder, or one task of it as a folder for Hugging Face's tools, atomically. Throws
 * `output-exists`, `checkpoint-invalid`, `config-invalid`, `task-unknown`, `data-invalid`, `gate-failed` or `storage`.
 */
export async function exportModel(options: ExportOptions): Promise<Reports> {
  const { force, workingFolder: current, onProgress = () => undefined } = options
  const out = await outputFolder(options.out, { kind: MODEL_FOLDER, force, current })
  const checkpoint = await openCheckpoint(options.checkpoint)
  try {
    const target = targetOf(checkpoint.config, options)
    let reports: Reports = {}
    await replaceFolder(out, async (temporary) => {
      const writer = new FolderWriter(temporary)
      reports = await fillFolder({ writer, checkpoint, target, onProgress }, options)
    })
    return reports
  } finally {
    checkpoint.weights.close()
  }
}

/** Throws `config-invalid` where a layout and other options exclude each other, or no precision has an option. */
function targetOf(config: ModelConfig, { task, layout, dtypes, activationBits }: ExportOptions): Target {
  if (activationBits === 14 && !dtypes.includes('int8'))
    throw new MatcherError(
      'config-invalid',
      `--activation-bits is for int8, but --dtype names ${dtypes.join(', ')}; add int8 or leave the option out.`
    )
  if (layout !== 'triton') return task === undefined ? allTasks(config) : singleTask(config, task)
  if (task !== undefined)
    throw new MatcherError('config-invalid', 'The layout triton is of models with all their tasks; leave out --task.')
  const [dtype, ...more] = dtypes
  if (dtype === undefined || more.length > 0)
    throw new MatcherError(
      'config-invalid',
      `A model of Triton's repository has one graph, but --dtype names ${dtypes.join(', ')}; name one, and export each of the others to a folder of its own.`
    )
  return allTasks(config, { [dtype]: TRITON_GRAPH })
}

async function fillFolder(job: ExportJob, options: ExportOptions): Promise<Reports> {
  const { gate, dtypes, task, latency, name, activationBits, externalDataLimit = EXTERNAL_DATA_LIMIT } = options
  const pairs = gate && (await readGatePairs(gate, job))
  const wordBits = options.wordBits ?? (job.checkpoint.config.architecture === 'bi-encoder' ? 4 : 8)
  const graphs = await writeGraphs(job, { dtypes, pairs: gate, externalDataLimit, wordBits, activationBits })
  const reports = await measureGraphs(job, graphs, { pairs, largestDrop: gate?.largestDrop ?? Infinity, latency })
  if (!dtypes.includes('fp32')) {
    job.writer.remove(graphs.fp32!.file, ...(graphs.fp32!.externalData ?? []))
    delete graphs.fp32
  }
  if (options.layout === 'triton') writeTritonConfig(job, dtypes[0]!, reports)
  if (task === undefined) finishModelFolder(job, name, graphs, reports)
  else finishTaskFolder(job, name, graphs)
  return reports
}

function writeTritonConfig({ writer, checkpoint: { config } }: ExportJob, dtype: Dtype, reports: Reports): void {
  const { sha256 } = writer.files[TRITON_GRAPH]!
  const milliseconds = reports[dtype]?.latency?.['1x64']?.milliseconds
  writer.text(TRITON_CONFIG, tritonConfig({ config, dtype, sha256, milliseconds }))
}
