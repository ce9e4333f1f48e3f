/** The vectors of one text under one task, and what was read for them. */
export interface TextVectors {
  /** [windows, hidden], each row of length 1; one row where the text was not read in windows. */
  readonly rows: Float32Array
  readonly tokenCount: number
  readonly truncated: boolean
}

/** A text and the id of the task that it is encoded for. */
export interface TaskText {
  readonly text: string
  readonly taskId: number
}

/** Vectors by text and task; beyond its limits those that were least recently used go. */
export interface VectorCache {
  /** Texts that are held. */
  readonly size: number
  get(text: TaskText): TextVectors | undefined
  set(text: TaskText, vectors: TextVectors): void
}

/** Bytes that a text may take on average, at 2 per UTF-16 code unit, beside one vector: 2,048 units, a page. */
const TEXT_BYTES = 4_096

/**
 * Creates an empty cache of at most `limit` texts, in at most `limit` x (4 kB + one vector of `width` float32) bytes, so that long texts
 * and many windows leave room for fewer. A text larger than all of that is not held; with a limit of 0 none is.
 */
export function createVectorCache(limit: number, width: number): VectorCache {
  const budget = limit * (TEXT_BYTES + width * Float32Array.BYTES_PER_ELEMENT)
  const held = new Map<string, TextVectors>() // in the order of last use
  let bytes = 0

  function remove(key: string): void {
    const vectors = held.get(key)
    if (!vectors) return
    held.delete(key)
    bytes -= bytesOf(key, vectors)
  }

  return {
    get size() {
      return held.size
    },
    get(text) {
      const key = keyOf(text)
      const found = held.get(key)
      if (!found) return undefined
      held.delete(key)
      held.set(key, found)
      return found
    },
    set(text, vectors) {
      const key = keyOf(text)
      remove(key)
      const added = bytesOf(key, vectors)
      if (added > budget) return
      held.set(key, vectors)
      bytes += added
      while (held.size > limit || bytes > budget) remove(held.keys().next().value!)
    }
  }
}

function bytesOf(key: string, { rows }: TextVectors): number {
  return key.length * 2 + rows.byteLength
}

/** One string for a text under a task. */
export function keyOf({ text, taskId }: TaskText): string {
  return `${taskId} ${text}`
}
