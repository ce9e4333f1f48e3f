import { afterEach, describe, expect, it, vi } from 'vitest'
import { clearCache } from './clear-cache'

const held = () =>
  new DOMException(
    'An attempt was made to modify an object where modifications are not allowed.',
    'NoModificationAllowedError'
  )

/** A store that answers a removal with these errors, one a call; undefined and past the end: it is removed. */
function store(...errors: readonly (Error | undefined)[]): { calls: () => number } {
  let calls = 0
  const removeEntry = async (): Promise<void> => {
    const error = errors[calls++]
    if (error) throw error
  }
  vi.stubGlobal('navigator', { storage: { getDirectory: async () => ({ removeEntry }) } })
  return { calls: () => calls }
}

afterEach(() => vi.unstubAllGlobals())

describe('clearCache', () => {
  it("waits for a browser that has not yet let go of an ended worker's files", async () => {
    const { calls } = store(held(), held())
    await clearCache()
    expect(calls()).toBe(3)
  })

  it('throws storage where files stay held, or cannot be removed at all', async () => {
    store(held(), held(), held(), held())
    await expect(clearCache()).rejects.toMatchObject({ code: 'storage' })
    const { calls } = store(new DOMException('no', 'SecurityError'))
    await expect(clearCache()).rejects.toMatchObject({ code: 'storage' })
    expect(calls()).toBe(1)
  })

  it('has nothing to do where nothing is kept', async () => {
    store(new DOMException('not there', 'NotFoundError'))
    await clearCache()
    vi.stubGlobal('navigator', {})
    await clearCache()
  })
})
