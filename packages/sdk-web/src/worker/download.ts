import { MatcherError, messageOf } from '@sohu-match/core'
import type { Asset, GzippedAsset } from '../messages'
import { Sha256 } from './sha256'
import { unpacked } from './unpacked'

export interface DownloadContext {
  readonly fetch: typeof fetch
  /** Aborts the download, which rejects with the signal's reason. */
  readonly signal: AbortSignal
  readonly cache: RequestCache
  /** The first bytes of the file, kept from an earlier visit. */
  readonly kept?: Uint8Array | undefined
  /** Called after each chunk with its byte offset. An offset of 0 means that the file starts again. */
  readonly onChunk: (chunk: Uint8Array, offset: number) => Promise<void>
  /** Called with the reason why a gzipped sibling is not used, or only in part. */
  readonly onNote: (note: string) => unknown
  /** Milliseconds to wait before attempt `attempt` (from 1). Default: 300, doubling up to 5,000. */
  readonly delay?: (attempt: number) => number
}

/** Consecutive requests without progress before a download gives up. */
const TRIES_WITHOUT_PROGRESS = 4

/**
 * A request makes progress if it adds this share of the file, or 64 KiB: otherwise a server that drops every connection
 * after a byte would be retried forever.
 */
const PROGRESS_SHARE = 0.01

/** How often a file with a wrong hash is fetched again from the start: its kept or resumed part may belong to another version. */
const RESTARTS = 2

/** End of a note about a gzipped sibling. */
const INSTEAD = 'The file itself is fetched instead.'

/**
 * Streams a file into memory, hashing it as it arrives, and returns its bytes once length and SHA-256 match the manifest. A dropped
 * connection is resumed with a Range request; a server without Range support sends the file from the start. A gzipped sibling is
 * requested first, and once: the file itself provides whatever it does not. Throws `asset-missing`, `asset-corrupt`, `network`,
 * `device-unavailable` if the file does not fit into memory, and the signal's reason when aborted.
 */
export async function download(asset: GzippedAsset, context: DownloadContext): Promise<Uint8Array<ArrayBuffer>> {
  const progress = new Progress(asset, context.kept)
  const sibling = progress.received === 0 ? asset.gzipped : undefined
  if (sibling) await receiveSibling({ ...asset, url: sibling }, progress, context)
  let fresh = progress.received === 0
  for (let restarts = 0; ; restarts++) {
    await receiveAll(asset, progress, context)
    const found = progress.hash.hex()
    if (found === asset.sha256) return progress.bytes
    // a file that arrived in one piece would be the same the next time
    if (restarts === RESTARTS || (fresh && !progress.resumed))
      throw corrupt(asset, `its SHA-256 is ${found} instead of ${asset.sha256}`)
    if (sibling && !fresh) context.onNote(`${sibling} is not ${asset.file} gzipped. ${INSTEAD}`)
    progress.reset()
    progress.resumed = false
    fresh = true
  }
}

/** The bytes received so far and their running hash. */
class Progress {
  readonly bytes: Uint8Array<ArrayBuffer>
  received = 0
  resumed = false
  hash = new Sha256()

  constructor(asset: Asset, kept: Uint8Array | undefined) {
    this.bytes = allocate(asset)
    if (kept && kept.length < asset.bytes) this.append(kept)
  }

  append(chunk: Uint8Array): void {
    this.bytes.set(chunk, this.received)
    this.hash.update(chunk)
    this.received += chunk.length
  }

  reset(): void {
    this.received = 0
    this.hash = new Sha256()
  }
}

async function receiveAll(asset: Asset, progress: Progress, context: DownloadContext): Promise<void> {
  const step = Math.max(1, Math.min(65_536, asset.bytes * PROGRESS_SHARE))
  let furthest = progress.received
  let failures = 0
  while (progress.received < asset.bytes) {
    const failure = await receiveOnce(asset, progress, context)
    context.signal.throwIfAborted()
    if (progress.received === asset.bytes) return
    failures = progress.received >= furthest + step ? 0 : failures + 1
    furthest = Math.max(furthest, progress.received)
    if (failures === TRIES_WITHOUT_PROGRESS || (failures > 0 && failure.final)) throw failure.error
    await pause((context.delay ?? defaultDelay)(Math.max(1, failures)), context.signal)
  }
}

/** Why a request ended before the last byte; a `final` failure is not retried. */
interface Failure {
  readonly error: MatcherError
  readonly final: boolean
}

/** Receives a gzipped sibling's content, which may be of another version of the file, as may bytes of an earlier visit. */
async function receiveSibling(sibling: Asset, progress: Progress, context: DownloadContext): Promise<void> {
  const failure = await receiveOnce(sibling, progress, context, unpacked).catch((error: unknown) => ({ error }))
  context.signal.throwIfAborted()
  if (progress.received === sibling.bytes) return
  const { error } = failure
  const cause = error instanceof MatcherError ? error.cause : error // of the network, or of what is not gzip
  const why = cause ? `${sibling.url} could not be fetched or unpacked (${messageOf(cause)}).` : messageOf(error)
  context.onNote(`${why} ${INSTEAD}`)
}

async function receiveOnce(
  asset: Asset,
  progress: Progress,
  context: DownloadContext,
  open: typeof unpacked = async (body) => body as ReadableStream<Uint8Array>
): Promise<Failure> {
  const start = progress.received
  try {
    const headers: Record<string, string> = start > 0 ? { range: `bytes=${start}-` } : {}
    const response = await context.fetch(asset.url, { headers, signal: context.signal, cache: context.cache })
    const refusal = refusalOf(asset, response, start)
    if (refusal) return refusal
    if (start > 0) {
      if (response.status === 206) progress.resumed = true
      else progress.reset()
    }
    await readBody(asset, await open(response.body!), progress, context)
    return {
      error: corrupt(asset, `it ends after ${progress.received} bytes; the manifest lists ${asset.bytes}`),
      final: progress.received === start
    }
  } catch (cause) {
    context.signal.throwIfAborted()
    if (cause instanceof MatcherError) throw cause
    const what =
      progress.received > 0 ? `broke off after ${progress.received} of ${asset.bytes} bytes` : 'could not be fetched'
    return {
      error: new MatcherError(
        'network',
        `${asset.url} ${what}: the server is unreachable or its CORS headers refuse this page. Check the address and the connection.`,
        { cause }
      ),
      final: false
    }
  }
}

async function readBody(
  asset: Asset,
  body: ReadableStream<Uint8Array>,
  progress: Progress,
  context: DownloadContext
): Promise<void> {
  const reader = body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    context.signal.throwIfAborted()
    if (progress.received + value.length > asset.bytes) {
      await reader.cancel()
      throw corrupt(asset, `it is longer than the ${asset.bytes} bytes that the manifest lists`)
    }
    const offset = progress.received
    progress.append(value)
    await context.onChunk(value, offset)
  }
}

function refusalOf(asset: Asset, response: Response, start: number): Failure | undefined {
  if (response.status === 416 && start > 0)
    return { error: corrupt(asset, `it ends after ${start} bytes; the manifest lists ${asset.bytes}`), final: true }
  if (response.status === 404 || response.status === 410) {
    return {
      error: new MatcherError(
        'asset-missing',
        `${asset.url} responded with ${response.status}; upload the whole model folder, or correct the address.`
      ),
      final: true
    }
  }
  if (!response.ok) {
    const retried = response.status >= 500 || response.status === 429 || response.status === 408
    return {
      error: new MatcherError(
        'network',
        `${asset.url} responded with ${response.status} ${response.statusText}`.trimEnd() + '.'
      ),
      final: !retried
    }
  }
  if (response.headers.get('content-type')?.startsWith('text/html')) {
    return {
      error: new MatcherError(
        'asset-missing',
        `${asset.url} responded with an HTML page; the server sends its start page for a missing file. Upload the whole model folder.`
      ),
      final: true
    }
  }
  return undefined
}

function allocate({ url, bytes }: Asset): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(bytes)
  } catch (cause) {
    throw new MatcherError(
      'device-unavailable',
      `${url} has ${bytes} bytes according to the manifest, which do not fit into memory; choose a smaller dtype.`,
      { cause }
    )
  }
}

function corrupt(asset: Asset, found: string): MatcherError {
  return new MatcherError(
    'asset-corrupt',
    `${asset.url} is not the file that the manifest lists: ${found}. Upload the model folder again without changes.`
  )
}

function defaultDelay(attempt: number): number {
  return Math.min(5_000, 300 * 2 ** (attempt - 1))
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, milliseconds)
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        resolve()
      },
      { once: true }
    )
  })
  signal.throwIfAborted()
}
