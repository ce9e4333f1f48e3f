import type { Socket } from 'node:net'
import { expect, it } from 'vitest'
import { GOOD_REQUEST, MALFORMED } from './malformed'
import { caseError, cases, counts, randomOf, record } from './plan'
import { exchange, REQUEST_TIMEOUT, requireAlive, startServer, statuses } from './server-process'

const CHECK = 'server'
const REQUESTS = counts(4_000, 600)
const CHANGED = counts(500, 60)
const SLOW = counts(20, 4)

/** Clients at once; each asks for four pairs, and the server's queue takes 32. */
const CLIENTS = 64

it('answers what is malformed with 4xx or 5xx or closes, and then a good request', () => record('malformed HTTP and JSON', async () => {
  await using server = await startServer()
  const names = Object.keys(MALFORMED)
  let closed = 0
  for (const index of cases(names.length)) {
    const name = names[index]!
    try {
      const found = statuses(await exchange(server.port, (socket) => socket.end(MALFORMED[name]!)))
      if (found.length === 0) closed++
      expect(found.filter((status) => status < 400)).toEqual([])
      expect(found.filter((status) => status === 500)).toEqual([])
      await requireAlive(server)
    } catch (cause) {
      throw caseError(CHECK, index, `${name}: ${String(cause)}`)
    }
  }
  return { count: names.length, result: `${names.length - closed} refused with a status, ${closed} closed; a good request answered after each` }
}))

it('outlives requests with changed bytes', () => record('requests with changed bytes', async () => {
  await using server = await startServer()
  expect(statuses(await exchange(server.port, (socket) => socket.end(GOOD_REQUEST)))).toEqual([200])
  const found: Record<string, number> = {}
  for (const index of cases(CHANGED)) {
    const random = randomOf(CHECK, index)
    const bytes = Buffer.from(GOOD_REQUEST)
    for (let changes = 1 + random.below(4); changes > 0; changes--) bytes[random.below(bytes.length)] = random.below(256)
    try {
      const status = statuses(await exchange(server.port, (socket) => socket.end(bytes)))[0]
      expect(status).not.toBe(500)
      found[status ?? 'closed'] = (found[status ?? 'closed'] ?? 0) + 1
    } catch (cause) {
      throw caseError(CHECK, index, `${JSON.stringify(bytes.toString('latin1'))}: ${String(cause)}`)
    }
  }
  await requireAlive(server)
  return { count: cases(CHANGED).length, result: Object.entries(found).map(([status, times]) => `${times} ${status}`).join(', ') }
}))

/** Writes a request byte by byte, or a part of it and then nothing, for longer than the server waits. */
function dribble(socket: Socket, bytes: Buffer, pause: number): void {
  let at = 0
  const timer = setInterval(() => {
    if (socket.destroyed || at === bytes.length) return clearInterval(timer)
    socket.write(bytes.subarray(at, ++at))
  }, pause)
  socket.once('close', () => clearInterval(timer))
}

it('lets go of slow clients and serves others meanwhile', () => record('slow clients', async () => {
  await using server = await startServer()
  const bodyAt = GOOD_REQUEST.indexOf('\r\n\r\n') + 4
  const ways: Readonly<Record<string, (socket: Socket) => void>> = {
    'no byte': () => undefined,
    'a slow head': (socket) => dribble(socket, GOOD_REQUEST, 100),
    'a slow body': (socket) => {
      socket.write(GOOD_REQUEST.subarray(0, bodyAt))
      dribble(socket, GOOD_REQUEST.subarray(bodyAt), REQUEST_TIMEOUT / 4)
    },
    'a body that stops': (socket) => void socket.write(GOOD_REQUEST.subarray(0, -5))
  }
  const names = Object.keys(ways)
  const waiting = cases(SLOW).map((index) => exchange(server.port, ways[names[index % names.length]!]!).then((answer) => ({ index, found: statuses(answer) })))
  await requireAlive(server)
  for (const { index, found } of await Promise.all(waiting)) {
    if (found.some((status) => status !== 408 && status !== 400)) throw caseError(CHECK, index, `${names[index % names.length]} got ${found.join()}`)
  }
  await requireAlive(server)
  return { count: waiting.length, result: 'each 408 or closed; good requests answered meanwhile and after' }
}))

it('refuses what is too much with 429 or 503 and loses nothing', () => record('overload', async () => {
  await using server = await startServer(60_000)
  const pairs = Array.from({ length: 4 }, (_, i) => ({ a: `第${i}条：国足二比一获胜，拿到三分`, b: '国足赢得关键比赛' }))
  const found: Record<number, number> = {}
  let sent = 0
  await Promise.all(Array.from({ length: CLIENTS }, async () => {
    while (sent < REQUESTS) {
      sent++
      const answer = await fetch(`http://127.0.0.1:${server.port}/match`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ pairs }) })
      await answer.arrayBuffer()
      found[answer.status] = (found[answer.status] ?? 0) + 1
      if (answer.status !== 200 && !answer.headers.has('retry-after')) throw new Error(`${answer.status} without Retry-After`)
    }
  }))
  expect(Object.keys(found).filter((status) => !['200', '429', '503'].includes(status))).toEqual([])
  expect(found[200]).toBeGreaterThan(0)
  expect(found[429]).toBeGreaterThan(0)
  expect(Object.values(found).reduce((sum, times) => sum + times)).toBe(sent)
  await requireAlive(server)
  return { count: sent, result: `${Object.entries(found).map(([status, times]) => `${times} ${status}`).join(', ')}; none lost` }
}))
