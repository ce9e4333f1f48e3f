import { describe, expect, it } from 'vitest'
import { untilWorkersAreLost } from './watch'

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe('untilWorkersAreLost', () => {
  it('waits while workers restart, and says why none does', async () => {
    let workers = 1
    let lost: string | undefined
    const { signal } = new AbortController()
    const waiting = untilWorkersAreLost({ health: () => ({ workers, crashes: 9, failure: 'no memory' }) }, signal, 600)
    void waiting.then((reason) => (lost = reason))
    workers = 0
    await pause(100)
    workers = 1
    await pause(700)
    expect(lost).toBeUndefined()
    workers = 0
    expect(await waiting).toBe('no memory')
  })
})
