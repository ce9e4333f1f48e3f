import { messageOf, type TaskText, type TextVectors, type VectorStore } from '@sohu-match/core'

/** Name of the IndexedDB database for an origin's vectors. */
export const VECTORS_NAME = 'sohu-match-vectors'

const TABLE = 'vectors'

/** In UTF-16 code units. Longer texts are encoded again: they are the keys, and would fill the storage. */
const LONGEST_KEY = 4_096

/** `key` is the graph's hash, the task's id and the text; the oldest `time` is dropped first. */
interface Row extends TextVectors {
  readonly key: [graph: string, taskId: number, text: string]
  readonly time: number
}

/** A store that never fails a call: after an error it is no longer used, and `notes` says why. */
export interface WebVectorStore extends VectorStore {
  readonly notes: readonly string[]
}

/** Keeps vectors between visits: at most `limit` texts of all models together; the oldest are dropped first. */
export function createVectorStore(limit: number): WebVectorStore {
  const notes: string[] = []
  let opening: Promise<IDBDatabase> | undefined

  async function guarded<T>(work: (db: IDBDatabase) => Promise<T>, otherwise: T): Promise<T> {
    if (notes.length > 0) return otherwise
    try {
      return await work(await (opening ??= open(() => (opening = undefined))))
    } catch (cause) {
      if (notes.length === 0) notes.push(`vectors: ${messageOf(cause)}, so they are not kept`)
      return otherwise
    }
  }

  return {
    notes,
    load: (graph, texts) =>
      guarded<(TextVectors | undefined)[]>(
        async (db) => {
          const table = db.transaction(TABLE).objectStore(TABLE)
          return Promise.all(texts.map((text) => answer<Row | undefined>(table.get(keyOf(graph, text)))))
        },
        texts.map(() => undefined)
      ),
    save: (graph, entries) =>
      guarded(async (db) => {
        const transaction = db.transaction(TABLE, 'readwrite')
        const table = transaction.objectStore(TABLE)
        const time = Date.now()
        for (const [text, { rows, tokenCount, truncated }] of entries)
          if (text.text.length <= LONGEST_KEY)
            table.put({ key: keyOf(graph, text), time, rows: rows.slice(), tokenCount, truncated } satisfies Row)
        await dropOldest(table, limit)
        await new Promise<void>((resolve, reject) => {
          transaction.oncomplete = () => resolve()
          transaction.onabort = () => reject(transaction.error)
        })
      }, undefined)
  }
}

const keyOf = (graph: string, { text, taskId }: TaskText): Row['key'] => [graph, taskId, text]

/** `onClose` is called when `clearCache`, perhaps in another tab, deletes the database. */
function open(onClose: () => void): Promise<IDBDatabase> {
  const request = indexedDB.open(VECTORS_NAME, 1)
  request.onupgradeneeded = () =>
    request.result.createObjectStore(TABLE, { keyPath: 'key' }).createIndex('time', 'time')
  return answer(request).then((db) => {
    db.onversionchange = () => {
      db.close()
      onClose()
    }
    return db
  })
}

async function dropOldest(table: IDBObjectStore, limit: number): Promise<void> {
  let excess = (await answer(table.count())) - limit
  if (excess <= 0) return
  const request = table.index('time').openCursor()
  await new Promise<void>((resolve, reject) => {
    request.onerror = () => reject(request.error)
    request.onsuccess = () => {
      const cursor = request.result
      if (!cursor || excess-- <= 0) return resolve()
      cursor.delete()
      cursor.continue()
    }
  })
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}
