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

/** Vectors by text and task; beyond its limit the one that was not used for longest goes. */
export interface VectorCache {
  /** Texts that are held. */
  readonly size: number
  get(text: TaskText): TextVectors | undefined
  set(text: TaskText, vectors: TextVectors): void
}

/** Creates an empty cache of at most `limit` texts; with 0 it holds none. */
export function createVectorCache(limit: number): VectorCache {
  const held = new Map<string, TextVectors>() // in the order of last use
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
      held.delete(key)
      if (limit > 0) held.set(key, vectors)
      if (held.size > limit) held.delete(held.keys().next().value!)
    }
  }
}

/** One string for a text under a task. */
export function keyOf({ text, taskId }: TaskText): string {
  return `${taskId} ${text}`
}
