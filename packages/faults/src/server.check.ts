import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect, it } from 'vitest'
import { GOOD_REQUEST, MALFORMED, post } from './malformed'
import { caseError, cases, counts, randomOf, record } from './plan'
import {
  exchange,
  memoryOf,
  REQUEST_TIMEOUT,
  requireAlive,
  startServer,
  statuses,
  openConnections
} from './server-process'

const CHECK = 'server'
const REQUESTS = counts(4_000, 600)
const CHANGED = counts(500, 60)
const SLOW = counts(20, 4)

const NEVER_READ = counts(200, 10)

/** MiB that clients who never read may use; 200 of them once held 1,270. */
const MOST_GROWTH = 700

/** Concurrent clients; each sends four pairs, and the server's queue holds 32. */
const CLIENTS = 64

/** Runs a few cases at once, since some wait for the server's timeout, and checks after each group. */
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

it('answers malformed requests with 4xx or 5xx or closes, and still answers valid ones', () =>
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

it('survives requests with changed bytes', () =>
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

/** Sends a request byte by byte, or part of it and then nothing, for longer than the server waits. */
function dribble(socket: Socket, bytes: Buffer, pause: number): void {
  let at = 0
  const timer = setInterval(() => {
    if (socket.destroyed || at === bytes.length) return clearInterval(timer)
    socket.write(bytes.subarray(at, ++at))
  }, pause)
  socket.once('close', () => clearInterval(timer))
}

it('disconnects slow clients and serves others meanwhile', () =>
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

it('frees the memory of clients that never read, and serves others meanwhile', () =>
  record('slow readers', async () => {
    await using server = await startServer(3_000, ['--body-limit', '2097152', '--max-queue', '10000'])
    const texts = Array.from({ length: 9 }, (_, i) => i + 'x'.repeat(199_000))
    const body = JSON.stringify({ query: '国足获胜', texts, return_text: true })
    const request = Buffer.concat([
      Buffer.from('POST /rerank HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n'),
      Buffer.from(`content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
    ])
    await requireAlive(server)
    expect(statuses(await exchange(server.port, (socket) => void socket.write(request)))).toEqual([200])
    const before = memoryOf(server)
    let most = before
    const sockets = Array.from({ length: NEVER_READ }, () => {
      const socket = connect(server.port, '127.0.0.1').pause()
      socket.on('error', () => undefined) // cut off, as expected
      for (let i = 0; i < 4; i++) socket.write(request) // more than the system buffers for a client
      return socket
    })
    await Promise.all(sockets.map((socket) => once(socket, 'connect')))
    const ports = sockets.map(({ localPort }) => localPort!)
    for (let open = ports.length; open > 0; open = await openConnections(server, ports)) {
      await requireAlive(server)
      most = Math.max(most, memoryOf(server))
    }
    for (const socket of sockets) socket.destroy()
    await requireAlive(server)
    const [grown, kept] = [most, memoryOf(server)].map((bytes) => Math.round((bytes - before) / 2 ** 20))
    expect(grown).toBeLessThan(MOST_GROWTH)
    return { count: NEVER_READ, result: `all cut off; ${grown} MiB more at most, ${kept} MiB after` }
  }))

it('refuses excess requests with 429 or 503 and loses none', () =>
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
