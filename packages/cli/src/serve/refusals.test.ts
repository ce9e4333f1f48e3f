import { connect } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { afterEach, describe, expect, it } from 'vitest'
import { close, create, errors, matcher, post } from './app.fixtures'

afterEach(close)

describe('refusals', () => {
  it.each<[string, string, unknown, number, string]>([
    ['a body that is not JSON', '/match', '{"a":', 400, 'request-invalid'],
    ['a number for a text', '/match', { a: 5, b: 'x' }, 400, 'input-invalid'],
    ['a body without texts', '/match', { task: 'A-ss' }, 422, 'input-invalid'],
    ['no texts to rank', '/rerank', { query: 'x' }, 400, 'input-invalid'],
    ['an unknown task', '/match', { a: 'x', b: 'y', task: 'C-ll' }, 422, 'task-unknown'],
    ['too many pairs', '/rerank', { query: 'x', texts: Array.from({ length: 6 }, () => 'y') }, 422, 'input-invalid'],
    ['a body that is too large', '/match', { a: 'x'.repeat(20_000), b: '' }, 413, 'body-too-large'],
    ['a text that is too long', '/match', { a: 'throw input-invalid', b: '' }, 422, 'input-invalid'],
    ['more pairs than fit the queue', '/match', { a: 'throw queue-full', b: '' }, 429, 'queue-full'],
    ['pairs that take too long', '/match', { a: 'throw deadline-exceeded', b: '' }, 503, 'deadline-exceeded'],
    ['work after the end', '/match', { a: 'throw disposed', b: '' }, 503, 'disposed'],
    ['a batch that failed', '/match', { a: 'throw inference-failed', b: '' }, 500, 'inference-failed'],
    ['a device that was lost', '/match', { a: 'throw device-lost', b: '' }, 503, 'device-lost'],
    ['a damaged file', '/match', { a: 'throw asset-corrupt', b: '' }, 500, 'internal'],
    ['an unknown route', '/nothing', {}, 404, 'route-unknown']
  ])('answers %s with a code', async (_, url, payload, status, code) => {
    const answer =
      typeof payload === 'string'
        ? await (
            await create()
          )
            .inject({ method: 'POST', url, payload, headers: { 'content-type': 'application/json' } })
            .then((one) => ({ status: one.statusCode, body: one.json() as unknown, headers: one.headers }))
        : await post(url, payload)
    expect(answer).toMatchObject({ status, body: { code, error: expect.any(String), error_type: expect.any(String) } })
    expect(answer.headers['retry-after']).toBe(status === 429 || status === 503 ? '1' : undefined)
  })

  it('refuses a body that is not UTF-8, and reads one that is', async () => {
    const server = await create()
    const send = (payload: Buffer) =>
      server.inject({
        method: 'POST',
        url: '/match',
        payload,
        headers: { 'content-type': 'application/json; charset=utf-8' }
      })
    for (const bad of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0xbd]]) {
      const answer = await send(Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bad), Buffer.from('","b":"yy"}')]))
      expect(answer).toMatchObject({ statusCode: 400 })
      expect(answer.json()).toMatchObject({ code: 'request-invalid', error: expect.stringContaining('UTF-8') })
    }
    expect((await send(Buffer.from('\ufeff{"a":"虎","b":"yy"}'))).json()).toMatchObject({ score: 0.02 })
  })

  it("writes the runtime's messages only to the log", async () => {
    for (const code of ['inference-failed', 'device-lost', 'asset-corrupt', 'storage']) {
      const { body } = await post('/match', { a: `throw ${code}`, b: '' })
      expect(JSON.stringify(body)).not.toContain('as asked')
    }
    expect(errors).toHaveLength(4)
  })

  it('writes internal errors only to the log', async () => {
    expect(await post('/match', { a: 'crash', b: '' })).toMatchObject({
      status: 500,
      body: { error: 'The server failed; its log says why.', code: 'internal' }
    })
    expect(errors).toMatchObject([{ message: 'secret detail' }])
  })

  it('does not wait for a client that never sends its body', async () => {
    const server = await create({ requestTimeoutMs: 300 })
    await server.listen({ port: 0, host: '127.0.0.1' })
    const { port } = server.server.address() as { port: number }
    const socket = connect(port, '127.0.0.1')
    socket.write(
      'POST /match HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"a":'
    )
    const text = await new Promise<string>((resolve) => {
      let all = ''
      socket.on('data', (data) => {
        all += String(data)
      })
      socket.on('close', () => resolve(all))
    })
    expect(text).toMatch(/^(HTTP\/1.1 408|$)/)
    expect((await server.inject('/health')).statusCode).toBe(200)
  })

  it('drops the pairs of a client that has disconnected', async () => {
    const client = new AbortController()
    const given = new Promise<unknown>((resolve) => {
      void create({
        matcher: {
          ...matcher,
          matchMany: (_pairs, run) =>
            new Promise((_, reject) => {
              run!.signal!.addEventListener('abort', () => {
                resolve(run!.signal!.reason)
                reject(run!.signal!.reason as Error)
              })
              client.abort()
            })
        }
      }).then(async (server) => {
        await server.listen({ port: 0, host: '127.0.0.1' })
        const { port } = server.server.address() as { port: number }
        const headers = { 'content-type': 'application/json' }
        await fetch(`http://127.0.0.1:${port}/match`, {
          method: 'POST',
          body: '{"a":"x","b":"y"}',
          headers,
          signal: client.signal
        }).catch(() => undefined)
      })
    })
    expect(await given).toMatchObject({ message: 'The client went away.' })
  })
})

describe('every refusal has one form', () => {
  /** The answer to bytes that are sent as they are. */
  async function exchange(server: FastifyInstance, bytes: string): Promise<string> {
    const { port } = server.server.address() as { port: number }
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    let text = ''
    socket.on('data', (data) => (text += String(data)))
    socket.write(bytes)
    await new Promise((resolve) => socket.once('close', resolve))
    return text
  }

  it.each<[string, string, number]>([
    ['bytes that are not HTTP', 'GARBAGE\r\n\r\n', 400],
    ['headers that are too large', `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(50_000)}\r\n\r\n`, 431],
    ['a bad escape', 'GET /%zz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n', 400],
    ['an odd expectation', 'POST /match HTTP/1.1\r\nhost: localhost\r\nexpect: x\r\nconnection: close\r\n\r\n', 417],
    [
      'a request that never ends',
      'POST /match HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 5\r\n\r\n{',
      408
    ]
  ])('%s', async (_, bytes, status) => {
    const server = await create(status === 408 ? { requestTimeoutMs: 300 } : {})
    await server.listen({ port: 0, host: '127.0.0.1' })
    const answer = await exchange(server, bytes)
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(JSON.parse(answer.split('\r\n\r\n')[1]!)).toEqual({
      error: expect.any(String),
      error_type: 'Validation',
      code: 'request-invalid'
    })
  })
})

describe('clients that do not read', () => {
  it('are disconnected, and their memory is freed', async () => {
    const server = await create({ bodyLimit: 4_000_000, requestTimeoutMs: 500 })
    await server.listen({ port: 0, host: '127.0.0.1' })
    const { port } = server.server.address() as { port: number }
    const body = JSON.stringify({
      query: 'q',
      texts: Array.from({ length: 5 }, () => 'x'.repeat(700_000)),
      return_text: true
    })
    const head = `POST /rerank HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`
    const sockets = Array.from({ length: 4 }, () => {
      const socket = connect(port, '127.0.0.1').pause()
      socket.on('error', () => undefined)
      for (let i = 0; i < 4; i++) socket.write(head + body) // more than the system takes for a client
      return socket
    })
    const connections = (): Promise<number> =>
      new Promise((resolve) => server.server.getConnections((_, count) => resolve(count)))
    while ((await connections()) < 4) await new Promise((resolve) => setTimeout(resolve, 5))
    expect((await server.inject('/health')).statusCode).toBe(200)
    while ((await connections()) > 0) await new Promise((resolve) => setTimeout(resolve, 20))
    for (const socket of sockets) socket.destroy()
  })

  it('are refused large bodies while too many are in memory, and small ones are answered', async () => {
    let release: () => void = () => undefined
    const held = new Promise<void>((resolve) => (release = resolve))
    const server = await create({
      bodyLimit: 100_000,
      matcher: { ...matcher, matchMany: async (pairs) => held.then(() => matcher.matchMany(pairs)) }
    })
    await server.listen({ port: 0, host: '127.0.0.1' })
    const { port } = server.server.address() as { port: number }
    const send = (length: number) =>
      fetch(`http://127.0.0.1:${port}/match`, {
        method: 'POST',
        body: JSON.stringify({ a: 'x', b: 'y'.repeat(length) }),
        headers: { 'content-type': 'application/json' }
      }).then(({ status }) => status)
    const large = Array.from({ length: 40 }, () => send(90_000))
    const refused = await Promise.race(large)
    const small = Array.from({ length: 40 }, () => send(10))
    release()
    expect(refused).toBe(503)
    expect((await Promise.all(large)).filter((status) => status === 200).length).toBeGreaterThanOrEqual(32)
    expect(new Set(await Promise.all(small))).toEqual(new Set([200]))
  })
})
