import { availableParallelism } from 'node:os'
import { isMainThread, Worker } from 'node:worker_threads'
import {
  checkLoadOptions,
  chooseDtype,
  createMatcherFrom,
  MatcherError,
  startFirst,
  sumOfDevices,
  withOverall,
  type ClassifyTypes,
  type Dtype,
  type Manifest,
  type Matcher,
  type Task,
  type TaskNames,
  type TaskTypes
} from '@sohu-match/core'
import { withholdTelemetry } from '@sohu-match/node'
import { candidates, thisMachine, type Machine } from './device'
import { externalLocations } from './external-data'
import { openModelFolder, type LoadWatch, type ModelFolder } from './model-folder'
import type { MatcherOptions, NodeDevice } from './options'
import { startPool, type Pool } from './pool'
import type { NodeLoad } from './worker-load'
import type { OpenThread } from './worker-thread'

/** Environment of a matcher; tests supply their own. */
export interface Surroundings {
  readonly machine: Machine
  readonly openThread: OpenThread
  readonly version: string
}

/** Maximum default workers: each takes the memory of a model. */
const DEFAULT_WORKERS = 4

/** More threads do not help batches of this size. */
const MAX_THREADS = 8

/**
 * `createMatcher<Tasks>` with the types of `types.d.ts` in the model folder: `classify` then knows the labels. Without types,
 * the other signature applies.
 */
export function createMatcher<Types extends TaskTypes = Record<never, never>>(
  options: [keyof Types] extends [never] ? never : MatcherOptions<keyof NoInfer<Types> & string>
): Promise<Matcher<TaskNames<Types, 'match'>, ClassifyTypes<Types>>>
/**
 * Loads a model folder and returns its matcher. Tokenizer and sessions run in worker threads, off the event loop.
 *
 * Throws `asset-missing`, `manifest-invalid`, `asset-corrupt`, `device-unavailable`, `dtype-missing`, `task-unknown`,
 * `input-invalid`, `storage`; an abort rejects with the signal's reason.
 */
export function createMatcher<const T extends string = Task>(options: MatcherOptions<T>): Promise<Matcher<T>>
export async function createMatcher<T extends string>(options: MatcherOptions<T>): Promise<Matcher<T>> {
  checkTelemetry()
  return createMatcherIn({ machine: thisMachine(), openThread, version: VERSION }, options)
}

declare const VERSION: string

/** Literal for bundlers and tracers: they must see the worker's file, and Turbopack fails if it cannot. */
const openThread: OpenThread = (options) => new Worker(new URL('./worker.js', import.meta.url), options)

export async function createMatcherIn<const T extends string>(
  surroundings: Surroundings,
  options: MatcherOptions<T>
): Promise<Matcher<T>> {
  checkOptions(options)
  options.signal?.throwIfAborted()
  const folder = await openModelFolder(options.model)
  const { device, started, reasons } = await start(surroundings, folder, options)
  const { pool, dtype, workers, threads } = started
  const versions = {
    '@sohu-match/sdk-node': surroundings.version,
    'onnxruntime-node': pool.loaded.runtimeVersion,
    node: process.versions.node
  }
  try {
    options.signal?.throwIfAborted() // the last progress report may have aborted it
    const { graphs, files } = folder.manifest
    const modelHash = files[graphs[dtype]!.file]!.sha256
    return createMatcherFrom(
      pool,
      folder.manifest,
      { device, dtype, modelHash, reasons, workers, threads, versions },
      options
    )
  } catch (error) {
    await pool.dispose()
    throw error
  }
}

/** A device of this machine, or an inference server. */
type RunDevice = NodeDevice | 'remote'

/** Requests to a server that run at the same time: while one is answered, the next is under way. */
const REMOTE_WORKERS = 2

interface Started {
  readonly pool: Pool
  readonly dtype: Dtype
  readonly workers: number
  readonly threads: number
}

/** The first device that works, or the inference server of the options. */
async function start(surroundings: Surroundings, folder: ModelFolder, options: MatcherOptions<string>) {
  const { device: requested = 'auto', endpoint } = options
  if (endpoint !== undefined) {
    const started = await startOn('remote', surroundings, folder, options)
    const reasons = [{ device: 'remote', taken: true, reason: `endpoint is ${endpoint}` }] as const
    return { device: 'remote', started, reasons } as const
  }
  const progressOf = sumOfDevices(options.onProgress)
  return startFirst<NodeDevice, Started>(candidates(requested, surroundings.machine), {
    failures: ['device-unavailable', 'dtype-missing'],
    reasonOf: () => (requested === 'auto' ? 'the first that can be used' : 'named in the options'),
    start: (device) => startOn(device, surroundings, folder, { ...options, onProgress: progressOf() })
  })
}

async function startOn(
  device: RunDevice,
  { openThread }: Surroundings,
  folder: ModelFolder,
  options: MatcherOptions<string>
): Promise<Started> {
  const { signal, onProgress } = options
  const { manifest } = folder
  const dtype = chooseDtype(manifest.graphs, device, options.dtype)
  const { workers, threads } = workerSizes(device, options, availableParallelism())
  const files = filesOf(manifest, dtype, device).map((file) => ({ file, bytes: manifest.files[file]!.bytes }))
  // only for the first load: a replacement does not report to the caller
  let watch: LoadWatch = { signal, onProgress: onProgress && withOverall(files, onProgress) }
  const load = (): Promise<NodeLoad> =>
    device === 'remote'
      ? readFrontEnd(folder, dtype, options.endpoint!, watch)
      : readModel(folder, device, dtype, threads, options.cuda?.deviceId, watch)
  const pool = await startPool({ openThread, workers, load, signal, onProgress })
  watch = {}
  return { pool, dtype, workers, threads }
}

/** Every file that a graph of this dtype needs; those of the tokenizer where a server has the graph. */
function filesOf({ tokenizer, graphs }: Manifest, dtype: Dtype, device: RunDevice): string[] {
  const { file, externalData = [] } = graphs[dtype]!
  const graph = device === 'remote' ? [] : [file, ...externalData]
  return [...graph, tokenizer.vocab, ...(tokenizer.dictionary === undefined ? [] : [tokenizer.dictionary])]
}

/** Reads and verifies the workers' files. Throws `asset-missing`, `asset-corrupt`, `storage`. */
async function readModel(
  folder: ModelFolder,
  device: NodeDevice,
  dtype: Dtype,
  threads: number,
  deviceId: number | undefined,
  watch: LoadWatch
): Promise<NodeLoad> {
  const { graphs, outputs } = folder.manifest
  const { file, externalData = [] } = graphs[dtype]!
  const parent = file.slice(0, file.lastIndexOf('/') + 1) // a graph names its files relative to itself
  const graph = await folder.read(file, watch)
  const external: { path: string; data: Uint8Array }[] = []
  for (const one of externalData) external.push({ path: one.slice(parent.length), data: await folder.read(one, watch) })
  for (const location of externalLocations(graph, file))
    if (!external.some(({ path }) => path === location))
      throw new MatcherError(
        'asset-corrupt',
        `${file} reads weights from ${JSON.stringify(location)}, which its manifest does not list; export the model again.`
      )
  return {
    device,
    threads,
    cuda: { deviceId },
    graphFile: file,
    graph,
    outputs,
    externalData: external,
    ...(await readTokenizer(folder, watch))
  }
}

/** All but the graph, which a server has. Throws `asset-missing`, `asset-corrupt`, `storage`. */
async function readFrontEnd(folder: ModelFolder, dtype: Dtype, endpoint: string, watch: LoadWatch): Promise<NodeLoad> {
  const { graphs, outputs, files } = folder.manifest
  const { file } = graphs[dtype]!
  return {
    device: 'cpu',
    remote: { url: endpoint.replace(/\/+$/, ''), sha256: files[file]!.sha256 },
    threads: 1,
    cuda: {},
    graphFile: file,
    graph: new Uint8Array(),
    outputs,
    externalData: [],
    ...(await readTokenizer(folder, watch))
  }
}

async function readTokenizer({ manifest: { tokenizer }, read }: ModelFolder, watch: LoadWatch) {
  const vocab = await read(tokenizer.vocab, watch)
  return { vocab, dictionary: tokenizer.dictionary === undefined ? undefined : await read(tokenizer.dictionary, watch) }
}

/**
 * A GPU has one worker. On a CPU, single-threaded workers judge the most pairs per second (two workers: 1.88 times the
 * pairs of one on two processors; a second thread of one worker: no gain).
 */
export function workerSizes(
  device: RunDevice,
  { workers, threads }: Pick<MatcherOptions, 'workers' | 'threads'>,
  processors: number
): { workers: number; threads: number } {
  if (device !== 'cpu') return { workers: workers ?? (device === 'remote' ? REMOTE_WORKERS : 1), threads: threads ?? 1 }
  const share = (of: number): number => Math.max(1, Math.floor(processors / of))
  const started = workers ?? Math.min(DEFAULT_WORKERS, share(threads ?? 1))
  return { workers: started, threads: threads ?? Math.min(MAX_THREADS, share(started)) }
}

/** Turns off the runtime's reports if possible; a worker thread of the program has only a copy of the environment. */
function checkTelemetry(): void {
  if (isMainThread || process.env['ORT_DISABLE_TELEMETRY'] !== undefined) return withholdTelemetry()
  process.emitWarning(
    'createMatcher runs in a worker thread, where it cannot keep ONNX Runtime from reporting to Microsoft; set the environment ' +
      'variable ORT_DISABLE_TELEMETRY=1 before the program starts.',
    { code: 'SOHU_MATCH_TELEMETRY' }
  )
}

function checkOptions(options: MatcherOptions<string>): void {
  checkLoadOptions(options)
  const { device = 'auto', workers, threads, cuda, endpoint } = options
  if (endpoint !== undefined) checkEndpoint(endpoint, device)
  if (!['auto', 'cuda', 'webgpu', 'cpu'].includes(device))
    throw new MatcherError(
      'device-unavailable',
      `There is no device "${String(device)}" in Node; name auto, cuda, webgpu or cpu.`
    )
  for (const [name, value, least] of [
    ['workers', workers, 1],
    ['threads', threads, 1],
    ['cuda.deviceId', cuda?.deviceId, 0]
  ] as const) {
    if (value !== undefined && !(Number.isInteger(value) && value >= least))
      throw new MatcherError(
        'input-invalid',
        `${name} is ${String(value)}; it must be a whole number of at least ${least}.`
      )
  }
}

function checkEndpoint(endpoint: unknown, device: unknown): void {
  if (typeof endpoint !== 'string' || !/^https?:\/\/.+\/v2\/models\/[^/]+(\/versions\/[^/]+)?\/*$/.test(endpoint))
    throw new MatcherError(
      'input-invalid',
      `endpoint is ${JSON.stringify(endpoint)}; it must be the URL of a model, such as http://triton:8000/v2/models/zh.`
    )
  if (device !== 'auto')
    throw new MatcherError('input-invalid', 'device and endpoint exclude each other: a server chooses its own device.')
}
