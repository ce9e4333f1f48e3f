import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createBrotliCompress } from 'node:zlib'
import { MatcherError, type Dtype, type ManifestGraph } from '@sohu-match/core'
import type { FolderWriter } from '../folder-writer'
import { judge, requireQuality, type GatePairs, type GateResult, type PairOutputs } from './gate'
import type { ExportJob } from '../job'
import { measureLatencies } from './latency'
import { maxPositions } from '../graph/onnx-ops'
import { parityDifference, requireParity } from './parity'
import type { GraphRunner, OpenGraph } from '../session'
import type { Target } from '../target'
import type { WrittenGraphs } from '../write-graphs'

/** Measurements of a dtype. */
export interface GraphReport {
  readonly bytes: number
  /** With brotli at quality 5, as a server would send it. */
  readonly compressedBytes: number
  /** Largest difference from parity.json, of a logit or a bi-encoder's cosine. */
  readonly parityDifference: number
  readonly gate?: GateResult
  /** Median milliseconds by shape on one thread, of this graph and of fp32 in alternation; equal for fp32 itself. */
  readonly latency?: Readonly<Record<string, { readonly milliseconds: number; readonly float: number }>>
}

export type Reports = Partial<Record<Dtype, GraphReport>>

export interface MeasureOptions {
  readonly pairs?: GatePairs | undefined
  readonly largestDrop: number
  readonly latency: boolean
}

/** Without a second, packed copy of float weights in ONNX Runtime a 500 MB graph needs 0.8 GB instead of 1 GB. */
const ONE_COPY: Parameters<OpenGraph>[1] = { extra: { session: { disable_prepacking: '1' } } }

/** Throws `gate-failed` if fp32 differs from training, or if a dtype loses more F1, or own score, than allowed. */
export async function measureGraphs(job: ExportJob, graphs: WrittenGraphs, options: MeasureOptions): Promise<Reports> {
  const reports: Reports = {}
  let reference: Judged | undefined
  for (const [dtype, graph] of Object.entries(graphs) as [Dtype, ManifestGraph][]) {
    job.onProgress(`measuring ${dtype}`)
    const { difference, outputs } = await runGraph(job, dtype, graph, options.pairs)
    if (dtype === 'fp32') requireParity(difference.outputs)
    requireNumbers(dtype, difference.outputs)
    const judged = options.pairs && outputs && judgeOutputs(job, options.pairs, outputs, reference)
    reference ??= judged
    if (judged) requireQuality(dtype, judged.gate, reference!.gate, options.largestDrop)
    reports[dtype] = {
      ...(await sizes(job.writer, graph)),
      parityDifference: difference.stated,
      ...(judged && { gate: judged.gate })
    }
  }
  return options.latency ? withLatencies(job, graphs, reports) : reports
}

interface Judged {
  readonly outputs: PairOutputs
  readonly gate: GateResult
}

async function runGraph(
  { writer, target, checkpoint }: ExportJob,
  dtype: Dtype,
  graph: ManifestGraph,
  pairs: GatePairs | undefined
) {
  const vectors = checkpoint.config.architecture === 'bi-encoder'
  const runsFloat = dtype === 'fp32' || dtype === 'fp16'
  return withGraph(
    target,
    join(writer.folder, graph.file),
    async (runner) => ({
      difference: await parityDifference(runner, checkpoint.parity, { tasks: target.tasks, vectors }),
      outputs: await pairs?.run(runner)
    }),
    runsFloat ? ONE_COPY : undefined
  )
}

/** fp32 is compared with itself. */
function judgeOutputs(
  { checkpoint: { config, thresholds }, target }: ExportJob,
  { labels }: GatePairs,
  outputs: PairOutputs,
  reference: Judged | undefined
): Judged {
  return {
    outputs,
    gate: judge(outputs, reference?.outputs ?? outputs, labels, { thresholds, tasks: target.tasks, config })
  }
}

function requireNumbers(dtype: Dtype, difference: number): void {
  if (!Number.isNaN(difference)) return
  throw new MatcherError('gate-failed', `The ${dtype} graph produced NaN; leave ${dtype} out of --dtype.`)
}

/** Alternates each dtype with fp32, one pair of sessions at a time. */
async function withLatencies(job: ExportJob, graphs: WrittenGraphs, reports: Reports): Promise<Reports> {
  const { vocabSize } = job.checkpoint.config
  const longest = maxPositions(job.checkpoint.config)
  const timed: Reports = {}
  for (const [dtype, report] of Object.entries(reports) as [Dtype, GraphReport][]) {
    job.onProgress(`timing ${dtype}`)
    const open = <T>(file: Dtype, work: (runner: GraphRunner) => Promise<T>) =>
      withGraph(job.target, join(job.writer.folder, graphs[file]!.file), work, { intraOpNumThreads: 1 })
    const medians = await open('fp32', (float) =>
      dtype === 'fp32'
        ? measureLatencies([float], vocabSize, longest)
        : open(dtype, (own) => measureLatencies([float, own], vocabSize, longest))
    )
    const latency = Object.fromEntries(
      Object.entries(medians).map(([shape, [float, own = float]]) => [shape, { milliseconds: own!, float: float! }])
    )
    timed[dtype] = { ...report, latency }
  }
  return timed
}

async function withGraph<T>(
  target: Target,
  path: string,
  work: (runner: GraphRunner) => Promise<T>,
  options?: Parameters<OpenGraph>[1]
): Promise<T> {
  const runner = await target.open(path, options)
  try {
    return await work(runner)
  } finally {
    await runner.release()
  }
}

async function sizes(writer: FolderWriter, graph: ManifestGraph): Promise<{ bytes: number; compressedBytes: number }> {
  const names = [graph.file, ...(graph.externalData ?? [])]
  let compressedBytes = 0
  for (const name of names) compressedBytes += await brotliBytes(join(writer.folder, name))
  return { bytes: names.reduce((sum, name) => sum + writer.files[name]!.bytes, 0), compressedBytes }
}

async function brotliBytes(path: string): Promise<number> {
  let bytes = 0
  const counter = new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      bytes += chunk.length
      done()
    }
  })
  await pipeline(
    createReadStream(path),
    createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
    counter
  )
  return bytes
}
