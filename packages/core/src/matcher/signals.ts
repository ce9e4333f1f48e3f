/** The calls that wait for a signal, and its only handler for them. */
interface Group {
  readonly listeners: Set<() => void>
  readonly onAbort: () => void
}

/** Listens to the abort signals of many calls. */
export interface Signals {
  /** Calls `listener` when the signal is aborted. Returns the undo function; both throw errors of the signal. */
  listen(signal: AbortSignal, listener: () => void): () => void
}

/**
 * Uses one handler per signal: a signal compares each new handler with all existing ones, so that a handler for each of
 * 32,000 calls took minutes, and Node warns about more than ten.
 */
export function createSignals(): Signals {
  const groups = new WeakMap<AbortSignal, Group>()

  function leave(signal: AbortSignal, { listeners, onAbort }: Group, listener: () => void): void {
    if (!listeners.delete(listener) || listeners.size > 0) return
    groups.delete(signal)
    signal.removeEventListener('abort', onAbort)
  }

  return {
    listen(signal, listener) {
      const known = groups.get(signal)
      if (known) {
        known.listeners.add(listener)
        return () => leave(signal, known, listener)
      }
      const listeners = new Set([listener])
      const group: Group = { listeners, onAbort: () => [...listeners].forEach((one) => one()) }
      signal.addEventListener('abort', group.onAbort)
      if (listeners.size > 0 && !signal.aborted) groups.set(signal, group)
      return () => leave(signal, group, listener)
    }
  }
}
