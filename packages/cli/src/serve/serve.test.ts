import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Matcher } from '@sohu-match/sdk-node'
import { expect, it } from 'vitest'
import { startPortlessServer } from './serve'

const task = 'A-ss'
const judged = { task, label: 0, score: 0.5, logits: [0, 0], tokenCount: 2, truncated: false }

it('has drained when its last connection ends, even if it is closed meanwhile', async () => {
  let answer = (): void => undefined
  let onAsked = (): void => undefined
  const asked = new Promise<void>((resolve) => (onAsked = resolve))
  const matchMany = async (): Promise<object[]> => {
    onAsked()
    await new Promise<void>((resolve) => (answer = resolve))
    return [judged]
  }
  const info = { model: '', modelHash: '', tasks: [{ name: task }], reasons: [] }
  const server = await startPortlessServer({
    matcher: { info, matchMany, health: () => ({ workers: 1, crashes: 0 }) } as unknown as Matcher<string>,
    version: '',
    host: '127.0.0.1',
    bodyLimit: 1_000,
    maxConnections: 9,
    maxPairs: 9,
    deadlineMs: 60_000,
    requestTimeoutMs: 60_000
  })
  const port = createServer((socket: Socket) => server.take(socket, () => undefined))
  await once(port.listen(0, '127.0.0.1'), 'listening')
  const response = fetch(`http://127.0.0.1:${(port.address() as AddressInfo).port}/match`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ a: 'x', b: 'y', task })
  })
  await asked
  const drained = server.drain().then(() => 'drained')
  const closed = server.close()
  answer()
  expect((await response).status).toBe(200)
  await closed
  const late = new AbortController()
  expect(await Promise.race([drained, sleep(20_000, 'still draining', { signal: late.signal })])).toBe('drained')
  late.abort()
  port.close()
})
