import 'fake-indexeddb/auto'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { createVectorStore, VECTORS_NAME } from './vector-store'

const text = (letter: string, taskId = 0) => ({ text: letter, taskId })
const vectors = (value: number) => ({ rows: Float32Array.of(value, 0), tokenCount: 3, truncated: false })

beforeEach(async () => {
  await new Promise((resolve) => {
    indexedDB.deleteDatabase(VECTORS_NAME).onsuccess = resolve
  })
})

describe('vectors that are kept between visits', () => {
  it('come back by graph, task and text', async () => {
    await createVectorStore(10).save('int8', [
      [text('a'), vectors(1)],
      [text('a', 1), vectors(2)]
    ])
    const store = createVectorStore(10)
    const found = await store.load('int8', [text('a', 1), text('b'), text('a')])
    expect(found.map((one) => one?.rows)).toEqual([Float32Array.of(2, 0), undefined, Float32Array.of(1, 0)])
    expect(found[0]).toMatchObject({ tokenCount: 3, truncated: false })
    expect(await store.load('q8', [text('a')])).toEqual([undefined])
    expect(store.notes).toEqual([])
  })

  it('drop those written longest ago beyond the limit, whatever model they are of, and leave out long texts', async () => {
    const now = vi.spyOn(Date, 'now')
    const store = createVectorStore(2)
    for (const [time, letter] of ['a', 'b', 'c'].entries()) {
      now.mockReturnValue(time)
      await store.save(letter === 'a' ? 'q8' : 'int8', [[text(letter), vectors(time)]])
    }
    await store.save('int8', [[text('x'.repeat(5_000)), vectors(9)]])
    now.mockRestore()
    expect(await store.load('q8', [text('a')])).toEqual([undefined])
    const found = await store.load('int8', [text('b'), text('c'), text('x'.repeat(5_000))])
    expect(found.map((one) => one?.rows[0])).toEqual([1, 2, undefined])
  })

  it('fail no call where the browser keeps nothing, and say why', async () => {
    const open = vi.spyOn(indexedDB, 'open').mockImplementation(() => {
      throw new DOMException('The operation is insecure.', 'SecurityError')
    })
    const store = createVectorStore(2)
    expect(await store.load('int8', [text('a')])).toEqual([undefined])
    await store.save('int8', [[text('a'), vectors(1)]])
    expect(store.notes).toEqual(['vectors: The operation is insecure., so they are not kept'])
    expect(open).toHaveBeenCalledOnce()
    open.mockRestore()
  })
})
