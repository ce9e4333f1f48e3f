/** The vectors of a text under a task, and facts about its reading. */
export interface TextVectors {
  /** [windows, hidden], rows of length 1; a single row if the text was not read in windows. */
  readonly rows: Float32Array
  readonly tokenCount: number
  readonly truncated: boolean
}

export interface TaskText {
  readonly text: string
  readonly taskId: number
}

/** Vectors by text and task; the least recently used are dropped beyond the limits. */
export interface VectorCache {
  /** Number of texts. */
  readonly size: number
  get(text: TaskText): TextVectors | undefined
  set(text: TaskText, vectors: TextVectors): void
  clear(): void
}

/** Average bytes of a text besides one vector, at 2 per UTF-16 code unit: 2,048 units, a page. */
const TEXT_BYTES = 4_096

/** A text in the ring of last use, between the texts used before and after it. */
interface Entry extends TaskText {
  vectors: TextVectors
  before: Entry
  after: Entry
}

/**
 * Holds at most `limit` texts in at most `limit` x (4 kB + one vector of `width` float32) bytes, so that long texts and
 * many windows leave room for fewer. A text larger than all of that is not kept; a limit of 0 disables the cache.
 */
export function createVectorCache(limit: number, width: number): VectorCache {
  const budget = limit * (TEXT_BYTES + width * Float32Array.BYTES_PER_ELEMENT)
  // By task, then text: a combined key would have to be built and hashed for each of the 10,000 candidates of `rank`.
  const tasks = new Map<number, Map<string, Entry>>()
  const ring = {} as Entry // its `after` is the least recently used entry, its `before` the most recently used
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
