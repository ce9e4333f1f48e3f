import type { Dtype } from '@sohu-match/core'
import { MODEL_FOLDER, openCheckpoint, outputFolder, replaceFolder } from '@sohu-match/node'
import { FolderWriter } from './folder-writer'
import type { ExportJob } from './job'
import { readGatePairs, type GateOptions } from './measure/gate'
import { measureGraphs, type Reports } from './measure/measure'
import { finishModelFolder, finishTaskFolder } from './folder/model-folder'
import type { BlockBits } from './quantize/blocks'
import { allTasks, singleTask } from './target'
import { writeGraphs } from './write-graphs'

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
  /** Without it, F1 is neither measured nor required. */
  readonly gate?: GateOptions | undefined
  /** Measures latency. */
  readonly latency: boolean
  /** Bytes of weights of a graph above which they go to a separate file. Default: 1 GiB. */
  readonly externalDataLimit?: number
  /** Bits of the word embeddings in int8 and q8. Default: 8, and 4 for a bi-encoder. */
  readonly wordBits?: BlockBits | undefined
  readonly onProgress?: (text: string) => void
}

/** Protobuf and browser buffers end at 2 GiB; half of that leaves room. */
const EXTERNAL_DATA_LIMIT = 2 ** 30

/**
 * Exports a checkpoint as a model folder, or one task of it as a folder for Hugging Face's tools, atomically. Throws
 * `output-exists`, `checkpoint-invalid`, `config-invalid`, `task-unknown`, `data-invalid`, `gate-failed` or `storage`.
 */
export async function exportModel(options: ExportOptions): Promise<Reports> {
  const { task, force, workingFolder: current, onProgress = () => undefined } = options
  const out = await outputFolder(options.out, { kind: MODEL_FOLDER, force, current })
  const checkpoint = await openCheckpoint(options.checkpoint)
  try {
    const target = task === undefined ? allTasks(checkpoint.config) : singleTask(checkpoint.config, task)
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

async function fillFolder(job: ExportJob, options: ExportOptions): Promise<Reports> {
  const { gate, dtypes, task, latency, name, externalDataLimit = EXTERNAL_DATA_LIMIT } = options
  const pairs = gate && (await readGatePairs(gate, job))
  const wordBits = options.wordBits ?? (job.checkpoint.config.architecture === 'bi-encoder' ? 4 : 8)
  const graphs = await writeGraphs(job, { dtypes, pairs: gate, externalDataLimit, wordBits })
  const reports = await measureGraphs(job, graphs, { pairs, largestDrop: gate?.largestDrop ?? Infinity, latency })
  if (!dtypes.includes('fp32')) {
    job.writer.remove(graphs.fp32!.file, ...(graphs.fp32!.externalData ?? []))
    delete graphs.fp32
  }
  if (task === undefined) finishModelFolder(job, name, graphs, reports)
  else finishTaskFolder(job, name, graphs)
  return reports
}
