import type { Socket } from 'node:net'
import { expect, it } from 'vitest'
import { GOOD_REQUEST, MALFORMED, post } from './malformed'
import { caseError, cases, counts, randomOf, record } from './plan'
import { exchange, REQUEST_TIMEOUT, requireAlive, startServer, statuses } from './server-process'

const CHECK = 'server'
const REQUESTS = counts(4_000, 600)
const CHANGED = counts(500, 60)
const SLOW = counts(20, 4)

/** Clients at once; each asks for four pairs, and the server's queue takes 32. */
const CLIENTS = 64

/** Works on a few cases at once, since some wait for the server's patience to end, and checks after each group. */
async function inGroups(
  indices: readonly number[],
  work: (index: number) => Promise<void>,
  check: () => Promise<void>
): Promise<void> {
  for (let from = 0; from < indices.length; from += 8) {
    await Promise.all(indices.slice(from, from + 8).map(work))
    await check()
  }
}

it('answers what is malformed with 4xx or 5xx or closes, and then a good request', () =>
  record('malformed HTTP and JSON', async () => {
    await using server = await startServer()
    const names = Object.keys(MALFORMED)
    let closed = 0
    await inGroups(
      cases(names.length),
      async (index) => {
        const found = statuses(await exchange(server.port, (socket) => void socket.write(MALFORMED[names[index]!]!)))
        if (found.length === 0) closed++
        if (found.some((status) => status < 400 || status === 500))
          throw caseError(CHECK, index, `${names[index]} got ${found.join()}`)
      },
      () => requireAlive(server)
    )
    return {
      count: names.length,
      result: `${names.length - closed} refused with a status, ${closed} closed; good requests answered in between`
    }
  }))

it('outlives requests with changed bytes', () =>
  record('requests with changed bytes', async () => {
    await using server = await startServer()
    expect(statuses(await exchange(server.port, (socket) => void socket.write(GOOD_REQUEST)))).toEqual([200])
    const found: Record<string, number> = {}
    await inGroups(
      cases(CHANGED),
      async (index) => {
        const random = randomOf(CHECK, index)
        const bytes = Buffer.from(GOOD_REQUEST)
        for (let changes = 1 + random.below(4); changes > 0; changes--)
          bytes[random.below(bytes.length)] = random.below(256)
        const [status = 'closed'] = statuses(await exchange(server.port, (socket) => void socket.write(bytes)))
        if (status === 500) throw caseError(CHECK, index, `${JSON.stringify(bytes.toString('latin1'))} got 500`)
        found[status] = (found[status] ?? 0) + 1
      },
      () => requireAlive(server)
    )
    return {
      count: cases(CHANGED).length,
      result: Object.entries(found)
        .map(([status, times]) => `${times} ${status}`)
        .join(', ')
    }
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

it('lets go of slow clients and serves others meanwhile', () =>
  record('slow clients', async () => {
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
    const waiting = cases(SLOW).map((index) =>
      exchange(server.port, ways[names[index % names.length]!]!).then((answer) => ({ index, found: statuses(answer) }))
    )
    await requireAlive(server)
    for (const { index, found } of await Promise.all(waiting)) {
      if (found.some((status) => status !== 408 && status !== 400))
        throw caseError(CHECK, index, `${names[index % names.length]} got ${found.join()}`)
    }
    await requireAlive(server)
    return { count: waiting.length, result: 'each 408 or closed; good requests answered meanwhile and after' }
  }))

it('refuses what is too much with 429 or 503 and loses nothing', () =>
  record('overload', async () => {
    await using server = await startServer(60_000)
    const pairs = Array.from({ length: 4 }, (_, i) => ({
      a: `第${i}条：国足二比一获胜，拿到三分`,
      b: '国足赢得关键比赛'
    }))
    const request = post(JSON.stringify({ pairs }))
    const found: Record<number, number> = {}
    let sent = 0
    await Promise.all(
      Array.from({ length: CLIENTS }, async () => {
        while (sent < REQUESTS) {
          sent++
          const answer = await exchange(server.port, (socket) => void socket.write(request))
          const [status = 0] = statuses(answer)
          found[status] = (found[status] ?? 0) + 1
          if (status !== 200 && !/\nretry-after: /i.test(answer)) throw new Error(`${status} without Retry-After`)
        }
      })
    )
    expect(Object.keys(found).filter((status) => !['200', '429', '503'].includes(status))).toEqual([])
    expect(found[200]).toBeGreaterThan(0)
    expect(found[429]).toBeGreaterThan(0)
    expect(Object.values(found).reduce((sum, times) => sum + times)).toBe(sent)
    await requireAlive(server)
    return {
      count: sent,
      result: `${Object.entries(found)
        .map(([status, times]) => `${times} ${status}`)
        .join(', ')}; none lost`
    }
  }))
