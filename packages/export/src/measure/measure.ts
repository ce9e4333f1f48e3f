import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createBrotliCompress } from 'node:zlib'
import { MatcherError, type Dtype, type ManifestGraph } from '@sohu-match/core'
import type { Checkpoint } from '../checkpoint'
import type { FolderWriter } from '../folder-writer'
import { judge, requireQuality, type GatePairs, type GateResult, type PairOutputs } from './gate'
import { measureLatencies } from './latency'
import { maxPositions } from '../graph/onnx-ops'
import { parityDifference, requireParity } from './parity'
import type { GraphRunner, OpenGraph } from '../session'
import type { Target } from '../target'
import type { WrittenGraphs } from '../write-graphs'

/** What a dtype was measured to be. */
export interface GraphReport {
  readonly bytes: number
  /** With brotli at quality 5, as a server would send it. */
  readonly compressedBytes: number
  /** Largest difference from parity.json, of a logit or of a bi-encoder's cosine. */
  readonly parityDifference: number
  readonly gate?: GateResult
  /** Median milliseconds by shape on one thread, of this graph and of fp32 in the same turns. */
  readonly latency?: Readonly<Record<string, { readonly milliseconds: number; readonly float: number }>>
}

/** Reports by dtype. */
export type Reports = Partial<Record<Dtype, GraphReport>>

/** How much is measured. */
export interface MeasureOptions {
  readonly pairs?: GatePairs | undefined
  readonly largestDrop: number
  readonly latency: boolean
  readonly onProgress: (text: string) => void
}

/** ONNX Runtime keeps no second, packed copy of float weights: a 500 MB graph is measured in 0.8 GB instead of 1 GB. */
const ONE_COPY: Parameters<OpenGraph>[1] = { extra: { session: { disable_prepacking: '1' } } }

/**
 * Runs every graph on parity.json and on the gate's pairs. Throws `gate-failed` where fp32 does not compute what training did, or a dtype
 * loses more F1 than allowed.
 */
export async function measureGraphs(
  writer: FolderWriter,
  graphs: WrittenGraphs,
  checkpoint: Checkpoint,
  target: Target,
  options: MeasureOptions
): Promise<Reports> {
  const reports: Reports = {}
  let reference: { outputs: PairOutputs; result: GateResult } | undefined
  for (const [dtype, graph] of Object.entries(graphs) as [Dtype, ManifestGraph][]) {
    options.onProgress(`measuring ${dtype}`)
    const measured = await withGraph(
      target,
      join(writer.folder, graph.file),
      async (runner) => ({
        difference: await parityDifference(runner, checkpoint.parity, target.tasks),
        outputs: await options.pairs?.run(runner)
      }),
      dtype === 'fp32' || dtype === 'fp16' ? ONE_COPY : undefined
    )
    const { difference, outputs } = measured
    if (dtype === 'fp32') requireParity(difference.outputs)
    if (Number.isNaN(difference.outputs))
      throw new MatcherError(
        'gate-failed',
        `The ${dtype} graph gives values that are not numbers; leave ${dtype} out of --dtype.`
      )
    let gate: GateResult | undefined
    if (options.pairs && outputs) {
      const { labels } = options.pairs
      gate = judge(outputs, reference?.outputs ?? outputs, labels, checkpoint.thresholds, target.tasks)
      reference ??= { outputs, result: gate }
      requireQuality(dtype, gate, reference.result, options.largestDrop)
    }
    reports[dtype] = { ...(await sizes(writer, graph)), parityDifference: difference.stated, ...(gate && { gate }) }
  }
  return options.latency ? withLatencies(reports, writer, graphs, checkpoint, target, options) : reports
}

/** Each dtype in turns with fp32, one pair of sessions at a time. */
async function withLatencies(
  reports: Reports,
  writer: FolderWriter,
  graphs: WrittenGraphs,
  { config }: Checkpoint,
  target: Target,
  options: MeasureOptions
): Promise<Reports> {
  const timed: Reports = {}
  for (const [dtype, report] of Object.entries(reports) as [Dtype, GraphReport][]) {
    options.onProgress(`timing ${dtype}`)
    const open = <T>(file: Dtype, work: (runner: GraphRunner) => Promise<T>) =>
      withGraph(target, join(writer.folder, graphs[file]!.file), work, { intraOpNumThreads: 1 })
    const medians = await open('fp32', (float) =>
      open(dtype, (own) => measureLatencies([float, own], config.vocabSize, maxPositions(config)))
    )
    const latency = Object.fromEntries(
      Object.entries(medians).map(([shape, [float, own]]) => [shape, { milliseconds: own!, float: float! }])
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
