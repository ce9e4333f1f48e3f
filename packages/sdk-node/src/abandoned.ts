/** Work that a worker does one at a time: tokenizing, and running batches. A request may need both. */
export type Lane = 'encode' | 'run'

/** Requests that a worker has not answered. */
export interface Requests {
  /**
   * Registers a request, abandoned once `abandoned` is aborted. The returned function must be called with its answer.
   */
  add(lanes: readonly Lane[], abandoned: AbortSignal | undefined): () => void
}

interface Request {
  readonly lanes: readonly Lane[]
  readonly abandoned: AbortSignal | undefined
  timer: NodeJS.Timeout | undefined
}

/**
 * Calls `onStall` once a worker has spent `limit` milliseconds on a request that no call waits for. The time of a
 * request behind one that a call still waits for has not begun.
 */
export function watchRequests(limit: number, onStall: () => void): Requests {
  const pending = new Set<Request>() // in order of arrival at the worker

  function update(): void {
    const wanted = new Set<Lane>() // lanes occupied by an older request of a waiting call
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
