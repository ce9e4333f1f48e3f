import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { watchRequests, type Requests } from './abandoned'

const LIMIT = 1_000
const onStall = vi.fn()
let requests: Requests

beforeEach(() => {
  vi.useFakeTimers()
  onStall.mockClear()
  requests = watchRequests(LIMIT, onStall)
})
afterEach(() => vi.useRealTimers())

it('reports a worker that has worked for long on what nobody waits for', () => {
  const abandon = new AbortController()
  requests.add(['run'], abandon.signal)
  vi.advanceTimersByTime(10 * LIMIT)
  expect(onStall).not.toHaveBeenCalled()
  abandon.abort()
  vi.advanceTimersByTime(LIMIT - 1)
  expect(onStall).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(onStall).toHaveBeenCalledOnce()
})

it('does not count the time in which the worker is busy for a call', () => {
  const long = requests.add(['run'], new AbortController().signal)
  const behind = requests.add(['encode', 'run'], AbortSignal.abort())
  vi.advanceTimersByTime(10 * LIMIT)
  expect(onStall).not.toHaveBeenCalled()
  long()
  vi.advanceTimersByTime(LIMIT - 1)
  expect(onStall).not.toHaveBeenCalled()
  behind()
  vi.advanceTimersByTime(10 * LIMIT)
  expect(onStall).not.toHaveBeenCalled()
})

it('does count it where the worker could have done both, and where the call came later', () => {
  requests.add(['run'], undefined)
  requests.add(['encode'], AbortSignal.abort())
  requests.add(['encode'], undefined)
  vi.advanceTimersByTime(LIMIT)
  expect(onStall).toHaveBeenCalledOnce()
})
