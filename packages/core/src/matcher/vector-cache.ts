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

/** Vectors by text and task; beyond its limits, the least recently used ones are dropped. */
export interface VectorCache {
  /** Texts that are held. */
  readonly size: number
  get(text: TaskText): TextVectors | undefined
  set(text: TaskText, vectors: TextVectors): void
  clear(): void
}

/** Bytes that a text may take on average, at 2 per UTF-16 code unit, beside one vector: 2,048 units, a page. */
const TEXT_BYTES = 4_096

/** A text in the ring of last use, between the one used before it and the one used after it. */
interface Entry extends TaskText {
  vectors: TextVectors
  before: Entry
  after: Entry
}

/**
 * Creates an empty cache of at most `limit` texts, in at most `limit` x (4 kB + one vector of `width` float32) bytes, so that long texts
 * and many windows leave room for fewer. A text larger than all of that is not held; with a limit of 0 none is.
 */
export function createVectorCache(limit: number, width: number): VectorCache {
  const budget = limit * (TEXT_BYTES + width * Float32Array.BYTES_PER_ELEMENT)
  // By task, then text: one key of both would have to be built, and hashed, for each of the 10,000 candidates of `rank`.
  const tasks = new Map<number, Map<string, Entry>>()
  const ring = {} as Entry // its `after` is the entry that was not used for longest, its `before` the one used last
  let size = 0
  let bytes = 0
  clear()

  function clear(): void {
    tasks.clear()
    ring.before = ring.after = ring
    size = bytes = 0
  }

  const find = ({ text, taskId }: TaskText): Entry | undefined => tasks.get(taskId)?.get(text)

  function unlink({ before, after }: Entry): void {
    before.after = after
    after.before = before
  }

  function use(entry: Entry): void {
    entry.before = ring.before
    entry.after = ring
    entry.before.after = ring.before = entry
  }

  function remove(entry: Entry): void {
    unlink(entry)
    tasks.get(entry.taskId)!.delete(entry.text)
    size--
    bytes -= bytesOf(entry, entry.vectors)
  }

  return {
    get size() {
      return size
    },
    get(text) {
      const found = find(text)
      if (!found) return undefined
      unlink(found)
      use(found)
      return found.vectors
    },
    set({ text, taskId }, vectors) {
      const known = find({ text, taskId })
      if (known) remove(known)
      const added = bytesOf({ text, taskId }, vectors)
      if (added > budget) return
      const entry: Entry = { text, taskId, vectors, before: ring, after: ring }
      if (!tasks.has(taskId)) tasks.set(taskId, new Map())
      tasks.get(taskId)!.set(text, entry)
      use(entry)
      size++
      bytes += added
      while (size > limit || bytes > budget) remove(ring.after)
    },
    clear
  }
}

function bytesOf({ text }: TaskText, { rows }: TextVectors): number {
  return text.length * 2 + rows.byteLength
}
