import { describe, expect, it } from 'vitest'
import { createTextVectorSource, type TextEncoder, type VectorStore } from './text-vectors'
import { createVectorCache, type TextVectors } from './vector-cache'

const texts = [{ text: '地铁新线开通', taskId: 1 }]
const vectors: TextVectors = { rows: Float32Array.of(1, 0), tokenCount: 4, truncated: false }
const forever = (): Promise<never> => new Promise(() => undefined)

/** A source over a network that answers at once, and what it was asked. */
function source(store: Partial<VectorStore>) {
  const asked: (number | undefined)[] = []
  const network: TextEncoder = {
    graph: () => 'graph',
    encode: async (texts, { deadlineMs }) => {
      asked.push(deadlineMs)
      return texts.map(() => vectors)
    }
  }
  const whole: VectorStore = {
    load: async (_graph, texts) => texts.map(() => undefined),
    save: async () => {},
    ...store
  }
  return { ...createTextVectorSource(network, createVectorCache(10, 2), whole), asked }
}

describe('a store of vectors that does not answer', () => {
  it('fails a call at its deadline', async () => {
    await expect(source({ load: forever }).vectorsOf(texts, { deadlineMs: 30 })).rejects.toMatchObject({
      code: 'deadline-exceeded',
      message: expect.stringContaining('within 30 ms')
    })
  })

  it("lets a call be aborted, with the signal's reason", async () => {
    const abort = new AbortController()
    const call = source({ load: forever }).vectorsOf(texts, { signal: abort.signal })
    const rejected = expect(call).rejects.toBe('enough')
    abort.abort('enough')
    await rejected
  })

  it('does not delay answers that are in time', async () => {
    expect(await source({ save: forever }).vectorsOf(texts, { deadlineMs: 30 })).toEqual([vectors])
    const abort = new AbortController()
    const call = source({ save: forever }).vectorsOf(texts, { signal: abort.signal })
    setTimeout(() => abort.abort(), 30)
    expect(await call).toEqual([vectors])
  })

  it('leaves the rest of the deadline to the network', async () => {
    const slow: VectorStore['load'] = async (_graph, texts) => {
      await new Promise((resolve) => setTimeout(resolve, 60))
      return texts.map(() => undefined)
    }
    const { vectorsOf, asked } = source({ load: slow })
    await vectorsOf(texts, { deadlineMs: 60_000 })
    expect(asked[0]).toBeLessThan(60_000 - 50)
  })
})
