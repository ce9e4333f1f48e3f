import { existsSync } from 'node:fs'
import { MatcherError, type Dtype } from '@sohu-match/core'
import { replaceFolder } from '@sohu-match/node'
import { openCheckpoint, readAssets, type Checkpoint } from './checkpoint'
import { FolderWriter } from './folder-writer'
import { readGatePairs, type GateOptions } from './measure/gate'
import { measureGraphs, type Reports } from './measure/measure'
import { finishModelFolder, finishTaskFolder } from './folder/model-folder'
import { allTasks, singleTask } from './target'
import { writeGraphs } from './write-graphs'

/** What `exportModel` is asked for; paths are absolute. */
export interface ExportOptions {
  readonly checkpoint: string
  readonly out: string
  readonly dtypes: readonly Dtype[]
  readonly name: string
  /** Replaces a folder that is already at `out`. */
  readonly force: boolean
  /** One task alone, in Hugging Face's layout. */
  readonly task?: string | undefined
  /** Without it no F1 is measured and none is required. */
  readonly gate?: GateOptions | undefined
  /** Whether the graphs are timed. */
  readonly latency: boolean
  /** Weights of one graph larger than this, in bytes, go to a file beside it. Default 1 GiB. */
  readonly externalDataLimit?: number
  readonly onProgress?: (text: string) => void
}

/** Protobuf ends at 2 GiB, and so does what a browser can hold in one buffer; half of that leaves room. */
const EXTERNAL_DATA_LIMIT = 2 ** 30

/**
 * Turns a checkpoint into a model folder, or one task of it into a folder for Hugging Face's tools: all of it, or nothing at `out`.
 * Throws `output-exists`, `checkpoint-invalid`, `config-invalid`, `task-unknown`, `data-invalid`, `gate-failed` or `storage`.
 */
export async function exportModel(options: ExportOptions): Promise<Reports> {
  if (existsSync(options.out) && !options.force) {
    throw new MatcherError(
      'output-exists',
      `${options.out} is already there; name another folder, or say --force to replace it.`
    )
  }
  const checkpoint = await openCheckpoint(options.checkpoint)
  try {
    let reports: Reports = {}
    await replaceFolder(options.out, async (temporary) => {
      reports = await fillFolder(new FolderWriter(temporary), checkpoint, options)
    })
    return reports
  } finally {
    checkpoint.weights.close()
  }
}

async function fillFolder(writer: FolderWriter, checkpoint: Checkpoint, options: ExportOptions): Promise<Reports> {
  const { gate, dtypes, task, latency, name } = options
  const onProgress = options.onProgress ?? (() => undefined)
  const target = task === undefined ? allTasks(checkpoint.config) : singleTask(checkpoint.config, task)
  const assets = await readAssets(checkpoint)
  const pairs = gate && (await readGatePairs(gate, checkpoint, assets, target.tasks))
  const externalDataLimit = options.externalDataLimit ?? EXTERNAL_DATA_LIMIT
  const graphs = await writeGraphs(writer, checkpoint, assets, target, {
    dtypes,
    data: gate?.data,
    externalDataLimit,
    onProgress
  })
  const reports = await measureGraphs(writer, graphs, checkpoint, target, {
    pairs,
    largestDrop: gate?.largestDrop ?? Infinity,
    latency,
    onProgress
  })
  if (!dtypes.includes('fp32')) {
    writer.remove(graphs.fp32!.file, ...(graphs.fp32!.externalData ?? []))
    delete graphs.fp32
  }
  if (task === undefined) finishModelFolder(writer, checkpoint, assets, name, graphs, reports)
  else finishTaskFolder(writer, checkpoint, target, name, graphs)
  return reports
}
