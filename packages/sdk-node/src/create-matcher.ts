import { availableParallelism } from 'node:os'
import {
  chooseDtype,
  createMatcherFrom,
  MatcherError,
  type DeviceReason,
  type Dtype,
  type Matcher,
  type Task
} from '@sohu-match/core'
import { withholdTelemetry } from '@sohu-match/node'
import { candidates, thisMachine, type Machine } from './device'
import { openModelFolder, type ModelFolder } from './model-folder'
import type { CudaOptions, MatcherOptions, NodeDevice } from './options'
import { startPool, type Pool } from './pool'
import type { NodeLoad } from './worker-load'

/** What a matcher takes from its surroundings; a test brings its own. */
export interface Surroundings {
  readonly machine: Machine
  /** The module of the worker threads. */
  readonly script: URL
  /** This package's version. */
  readonly version: string
}

/** Failures of a device itself, after which `auto` tries the next one; a damaged file would be damaged there too. */
const DEVICE_FAILURES: readonly string[] = ['device-unavailable', 'dtype-missing']

/** More threads than this gain nothing for batches of this size. */
const MAX_THREADS = 8

/**
 * Loads a model folder and returns its matcher. Tokenizer and sessions run in worker threads: the event loop stays free.
 *
 * Throws `asset-missing`, `manifest-invalid`, `asset-corrupt`, `device-unavailable`, `dtype-missing`, `task-unknown`, `input-invalid`,
 * `storage`; an abort passes the signal's reason through.
 */
export async function createMatcher<const T extends string = Task>(options: MatcherOptions<T>): Promise<Matcher<T>> {
  withholdTelemetry() // before anything loads the runtime; a worker has only a copy of the environment
  return createMatcherIn(
    {
      machine: await thisMachine(),
      script: new URL(`./worker${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`, import.meta.url),
      version: VERSION
    },
    options
  )
}

declare const VERSION: string

/** `createMatcher` in given surroundings. */
export async function createMatcherIn<const T extends string>(
  surroundings: Surroundings,
  options: MatcherOptions<T>
): Promise<Matcher<T>> {
  const { device = 'auto', signal } = options
  checkNumbers(options)
  signal?.throwIfAborted()
  if (!['auto', 'cuda', 'webgpu', 'cpu'].includes(device)) {
    throw new MatcherError(
      'device-unavailable',
      `There is no device "${String(device)}" in Node; name auto, cuda, webgpu or cpu.`
    )
  }
  const folder = await openModelFolder(options.model, options)
  const { pool, dtype, taken, reasons, threads, workers } = await startOnAny(surroundings, folder, options)
  const versions = {
    '@sohu-match/sdk-node': surroundings.version,
    'onnxruntime-node': pool.loaded.runtimeVersion,
    node: process.versions.node
  }
  try {
    signal?.throwIfAborted() // it may have come with the last progress report
    return createMatcherFrom(
      pool,
      folder.manifest,
      { device: taken, dtype, reasons, workers, threads, versions },
      options
    )
  } catch (error) {
    await pool.dispose()
    throw error
  }
}

/** What was started, on which device. */
interface Started {
  readonly pool: Pool
  readonly dtype: Dtype
  readonly taken: NodeDevice
  readonly reasons: readonly DeviceReason[]
  readonly workers: number
  readonly threads: number
}

/** Starts the pool on the first device that can be used. Throws `device-unavailable` with every reason. */
async function startOnAny(
  { machine, script }: Surroundings,
  folder: ModelFolder,
  options: MatcherOptions<string>
): Promise<Started> {
  const { device: requested = 'auto' } = options
  const reasons: DeviceReason[] = []
  for (const { device, refusal } of candidates(requested, machine)) {
    if (refusal !== undefined) {
      reasons.push({ device, taken: false, reason: refusal })
      continue
    }
    try {
      const dtype = chooseDtype(folder.manifest.graphs, device, options.dtype)
      const { workers, threads } = sizes(device, options)
      const load = await prepare(folder, device, dtype, threads, options.cuda ?? {})
      const pool = await startPool({ script, workers, load, signal: options.signal, onProgress: options.onProgress })
      reasons.push({ device, taken: true, reason: takenReason(device, requested, options.cuda) })
      return { pool, dtype, taken: device, reasons, workers, threads }
    } catch (error) {
      if (
        requested !== 'auto' ||
        device === 'cpu' ||
        !(error instanceof MatcherError && DEVICE_FAILURES.includes(error.code))
      )
        throw error
      reasons.push({ device, taken: false, reason: error.message })
    }
  }
  throw new MatcherError(
    'device-unavailable',
    `${reasons.map(({ device, reason }) => `${device} cannot be used: ${reason}`).join('; ')}.`
  )
}

/** Verifies the files of a graph and gathers what its workers need. */
async function prepare(
  folder: ModelFolder,
  device: NodeDevice,
  dtype: Dtype,
  threads: number,
  cuda: CudaOptions
): Promise<NodeLoad> {
  const { tokenizer, graphs, files } = folder.manifest
  const graph = graphs[dtype]!
  for (const file of graph.externalData ?? []) await folder.verify(file)
  return {
    device,
    threads,
    cuda,
    graphFile: graph.file,
    graphBytes: files[graph.file]!.bytes,
    graphPath: await folder.verify(graph.file),
    vocab: await folder.read(tokenizer.vocab),
    dictionary: tokenizer.dictionary === undefined ? undefined : await folder.read(tokenizer.dictionary)
  }
}

/**
 * Workers and threads: a GPU is driven by one worker; the cores of a CPU are shared among the workers. On x64 two processors are mostly
 * one core's, and the second thread of a core gains nothing (measured: 1 and 2 threads score equally fast), so half of them are left free.
 */
function sizes(
  device: NodeDevice,
  { workers = 1, threads }: MatcherOptions<string>
): { workers: number; threads: number } {
  const cores = process.arch === 'x64' ? availableParallelism() / 2 : availableParallelism()
  const shared = Math.max(1, Math.min(MAX_THREADS, Math.floor(cores / workers)))
  return { workers, threads: threads ?? (device === 'cpu' ? shared : 1) }
}

function takenReason(device: NodeDevice, requested: string, cuda?: CudaOptions): string {
  const why = requested === 'auto' ? 'the first that can be used' : 'named in the options'
  const ignored = device === 'cuda' && (cuda?.memoryLimit !== undefined || cuda?.providerOptions !== undefined)
  return ignored
    ? `${why}; cuda.memoryLimit and cuda.providerOptions are passed on, but onnxruntime-node 1.30 reads deviceId alone`
    : why
}

function checkNumbers({ workers, threads, cuda }: MatcherOptions<string>): void {
  const given = { workers, threads, 'cuda.deviceId': cuda?.deviceId, 'cuda.memoryLimit': cuda?.memoryLimit }
  for (const [name, value] of Object.entries(given)) {
    const least = name === 'cuda.deviceId' ? 0 : 1
    if (value !== undefined && !(Number.isInteger(value) && value >= least)) {
      throw new MatcherError(
        'input-invalid',
        `${name} is ${String(value)}; it must be a whole number of at least ${least}.`
      )
    }
  }
}
