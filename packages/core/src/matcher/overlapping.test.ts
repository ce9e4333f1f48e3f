import { expect, it } from 'vitest'
import { createFakeEngine, fakeInfo, fakeManifest } from '../engine/fake-engine.fixtures'
import { growth, LINEAR, LONG, SHORT } from '../growth.fixtures'
import type { Task } from '../tasks'
import { createMatcherFrom } from './matcher'
import type { RunOptions } from './types'

/** Calls that overlap, each of one pair: their outcomes, once all are settled. */
async function overlapping(count: number, abort?: AbortController): Promise<PromiseSettledResult<unknown>[]> {
  const matcher = createMatcherFrom<Task>(createFakeEngine(), fakeManifest(), fakeInfo, { maxQueue: 2 * LONG })
  const run: RunOptions = abort ? { signal: abort.signal, deadlineMs: 1_000_000 } : {}
  const calls = Array.from({ length: count }, (_, i) => matcher.match(`${i}`, 'b', 'A-ss', run))
  const settled = Promise.allSettled(calls)
  abort?.abort()
  return settled
}

const cost = (work: (count: number) => unknown): Promise<number> =>
  growth(
    () => work(SHORT),
    () => work(LONG),
    1
  )

it('answers overlapping calls in time that is linear in their number', async () => {
  expect(await overlapping(100)).toMatchObject(Array(100).fill({ status: 'fulfilled' }))
  expect(await cost((count) => overlapping(count))).toBeLessThan(LINEAR)
})

it('gives up overlapping calls with one signal in time that is linear in their number', async () => {
  expect(await overlapping(100, new AbortController())).toMatchObject(Array(100).fill({ status: 'rejected' }))
  expect(await cost((count) => overlapping(count, new AbortController()))).toBeLessThan(LINEAR)
})

it('adds one handler to a signal that many calls share, and takes it away after the last', async () => {
  const { signal } = new AbortController()
  const handlers = new Set<unknown>()
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)]
  let added = 0
  signal.addEventListener = (type: string, handler: never) => (added++, handlers.add(handler), add(type, handler))
  signal.removeEventListener = (type: string, handler: never) => (handlers.delete(handler), remove(type, handler))
  const matcher = createMatcherFrom<Task>(createFakeEngine(), fakeManifest(), fakeInfo, {})
  await Promise.all(Array.from({ length: 20 }, (_, i) => matcher.match(`${i}`, 'b', 'A-ss', { signal })))
  expect({ added, left: handlers.size }).toEqual({ added: 1, left: 0 })
})
