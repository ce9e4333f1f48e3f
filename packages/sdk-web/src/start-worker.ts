import {
  createWorkerClient,
  MatcherError,
  untilAborted,
  type LoadProgress,
  type WorkerClient,
  type WorkerReply
} from '@sohu-match/core'
import type { FetchRequest, WebLoad, WebLoaded } from './messages'
import { fetchForWorker } from './page-fetch'

export interface LoadedWorker {
  readonly client: WorkerClient<WebLoad, WebLoaded>
  readonly load: WebLoad
  readonly loaded: WebLoaded
  /** Terminates the worker, the only way to free wasm memory. Pending requests reject with `error`. */
  end(error: MatcherError): void
  /** Why it cannot work any more; undefined while it can. */
  failure(): MatcherError | undefined
}

export interface StartContext {
  readonly worker: string | URL | (() => Worker) | undefined
  readonly fetch: typeof globalThis.fetch | undefined
  readonly signal: AbortSignal | undefined
  readonly onProgress: ((progress: LoadProgress) => void) | undefined
}

/**
 * Starts a worker and loads a model in it. Throws the worker's errors, `asset-missing` if its script does not start; an
 * abort ends the worker at once and rejects with the signal's reason.
 */
export async function startWorker(load: WebLoad, context: StartContext): Promise<LoadedWorker> {
  const { signal } = context
  signal?.throwIfAborted()
  const worker = openWorker(context.worker)
  const client = createWorkerClient<WebLoad, WebLoaded>((message, transfer) => worker.postMessage(message, transfer))
  let failure: MatcherError | undefined
  const end = (error: MatcherError): void => {
    failure = error
    worker.terminate()
    client.fail(error)
  }
  worker.onmessage = ({ data }: MessageEvent<WorkerReply<WebLoaded> | FetchRequest>) => {
    if (data.type === 'fetch') void fetchForWorker(data, context.fetch ?? fetch)
    else client.receive(data)
  }
  worker.onerror = (event) => {
    event.preventDefault()
    end(event.message ? new MatcherError('inference-failed', `The worker failed: ${event.message}`) : notStarted())
  }
  try {
    const loaded = await untilAborted(client.load(load, context.onProgress), signal)
    return { client, load, loaded, end, failure: () => failure }
  } catch (error) {
    end(new MatcherError('disposed', 'Loading failed.'))
    throw error
  }
}

function openWorker(worker: StartContext['worker']): Worker {
  try {
    if (typeof worker === 'function') return worker()
    // literal, because bundlers only recognize this form
    return worker === undefined
      ? new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
      : new Worker(worker, { type: 'module' })
  } catch (cause) {
    throw notStarted(cause)
  }
}

function notStarted(cause?: unknown): MatcherError {
  return new MatcherError(
    'asset-missing',
    "The script of the worker did not start. It must be of this page's origin, allowed by worker-src of its CSP, and carry the page's COEP header; the option worker sets its address.",
    { cause }
  )
}
