import type { Worker, WorkerOptions } from 'node:worker_threads'
import {
  createWorkerClient,
  MatcherError,
  untilAborted,
  type LoadProgress,
  type WorkerClient,
  type WorkerReply
} from '@sohu-match/core'
import { closeGate, createGate, guardExit, openGate } from './gate'
import type { NodeLoad, NodeLoaded } from './worker-load'

/** Opens a thread that runs the worker's module. */
export type OpenThread = (options: WorkerOptions) => Worker

export interface WorkerStart {
  readonly openThread: OpenThread
  readonly load: NodeLoad
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined
}

/** A worker thread with a loaded model. */
export interface WorkerThread {
  readonly client: WorkerClient<NodeLoad, NodeLoaded>
  readonly loaded: NodeLoaded
  /** Number of running requests. */
  busy: number
  /** Terminates the thread once no native call is running in it. */
  end(): Promise<void>
}

/** Starts a worker and loads the model in it; `onEnd` is called if it ends later, expected or not. */
export async function startWorkerThread(
  { openThread, load, signal, onProgress }: WorkerStart,
  onEnd: (worker: WorkerThread, error: MatcherError) => void
): Promise<WorkerThread> {
  signal?.throwIfAborted()
  const gate = createGate()
  // the program's own flags (--input-type, --require) are not for the worker
  const thread = openThread({ name: 'sohu-match', execArgv: [], workerData: { gate } })
  const unguard = guardExit(gate)
  const client = createWorkerClient<NodeLoad, NodeLoaded>((message, transfer) => thread.postMessage(message, transfer))
  let worker: WorkerThread | undefined
  let crash: Error | undefined
  thread.on('message', (reply: WorkerReply<NodeLoaded>) => client.receive(reply))
  thread.on('error', (error: Error) => {
    crash = error
  })
  thread.on('exit', (code) => {
    unguard()
    openGate(gate)
    const error = ended(crash, code)
    client.fail(error)
    if (worker) onEnd(worker, error)
  })
  const end = async (): Promise<void> => {
    await closeGate(gate)
    await thread.terminate()
  }
  const loading = client.load(load, (progress) => {
    if (!signal?.aborted) onProgress?.(progress)
  })
  try {
    worker = { client, loaded: await untilAborted(loading, signal), busy: 0, end }
    return worker
  } catch (error) {
    const gone = loading
      .then(() => client.dispose())
      .catch(() => undefined) // it has already failed, and ends either way
      .then(end)
    if (!signal?.aborted) await gone // an abort does not wait for the load
    throw error
  }
}

function ended(crash: (Error & { code?: string }) | undefined, code: number): MatcherError {
  if (crash?.code === 'ERR_MODULE_NOT_FOUND' || crash?.code === 'MODULE_NOT_FOUND')
    return new MatcherError(
      'asset-missing',
      `The script of the worker threads, or onnxruntime-node, is missing (${crash.message}). If this program is bundled, mark ` +
        '@sohu-match/sdk-node and onnxruntime-node as external and install them separately.',
      { cause: crash }
    )
  return new MatcherError(
    'inference-failed',
    `A worker thread ended (${crash?.message ?? `exit code ${code}`}); its calls are lost, try them again.`,
    { cause: crash }
  )
}
