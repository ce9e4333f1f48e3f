/** What a worker does one at a time: it tokenizes, and it runs batches. A request may need both. */
export type Lane = 'encode' | 'run'

/** The requests that a worker has not answered. */
export interface Requests {
  /** Takes note of a request, which no call waits for once `abandoned` is aborted. Returns a function to be called with its answer. */
  add(lanes: readonly Lane[], abandoned: AbortSignal | undefined): () => void
}

interface Request {
  readonly lanes: readonly Lane[]
  readonly abandoned: AbortSignal | undefined
  timer: NodeJS.Timeout | undefined
}

/**
 * Watches the requests of a worker: `onStall` is called once it has worked for `limit` milliseconds on one that no call waits for. A request
 * that is behind one that a call still waits for has not begun, so its time does not either.
 */
export function watchRequests(limit: number, onStall: () => void): Requests {
  const pending = new Set<Request>() // in the order in which the worker got them

  function update(): void {
    const wanted = new Set<Lane>() // lanes that an older request occupies for a call
    for (const request of pending) {
      if (!request.abandoned?.aborted) request.lanes.forEach((lane) => wanted.add(lane))
      else if (!request.lanes.some((lane) => wanted.has(lane))) request.timer ??= setTimeout(onStall, limit).unref()
    }
  }

  return {
    add(lanes, abandoned) {
      const request: Request = { lanes, abandoned, timer: undefined }
      pending.add(request)
      abandoned?.addEventListener('abort', update, { once: true })
      update()
      return () => {
        abandoned?.removeEventListener('abort', update)
        clearTimeout(request.timer)
        pending.delete(request)
        update()
      }
    }
  }
}
