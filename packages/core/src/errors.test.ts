import { describe, expect, it, vi } from 'vitest'
import { MatcherError } from './errors'

describe('MatcherError', () => {
  it('is recognized across copies of the package', async () => {
    vi.resetModules()
    const { MatcherError: Other } = await import('./errors')
    expect(Other).not.toBe(MatcherError)
    expect(new Other('storage', 'x') instanceof MatcherError).toBe(true)
    expect(new Error('x') instanceof MatcherError).toBe(false)
    expect(Object.assign(new Error('x'), { name: 'MatcherError', code: 'storage' }) instanceof MatcherError).toBe(false)
    expect(JSON.stringify(new MatcherError('storage', 'x'))).toBe('{"name":"MatcherError","code":"storage"}')
  })

  it('is not confused with another class', () => {
    class Mine extends MatcherError {}
    expect(new MatcherError('storage', 'x') instanceof Mine).toBe(false)
    expect(new Mine('storage', 'x') instanceof Mine).toBe(true)
  })
})
