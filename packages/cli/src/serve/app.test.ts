import { connect } from 'node:net'
import { MatcherError, type Matcher, type MatcherErrorCode, type MatcherInfo } from '@sohu-match/sdk-node'
import type { FastifyInstance } from 'fastify'
import { afterEach, describe, expect, it } from 'vitest'
import { accessLine, type AccessEntry } from './access-log'
import { createApp, type AppOptions } from './app'

const info: MatcherInfo = {
  model: 'fake',
  modelHash: '0123456789abcdef',
  architecture: 'bi-encoder',
  vectors: { hidden: 2, cacheSize: 5, cached: 0 },
  device: 'cpu',
  dtype: 'fp32',
  reasons: [{ device: 'cuda', taken: false, reason: 'there is no /usr/lib/libcuda.so' }],
  workers: 1,
  threads: 1,
  versions: {},
  tasks: [{ name: 'A-ss', id: 0, group: 'A', threshold: 0.5 }],
  limits: { maxLength: 64, maxTextLength: 100, maxQueue: 10, batchTokens: 64 }
}

/** Scores by the length of the second text; a text that names an error code throws it. */
const matchMany: Matcher<string>['matchMany'] = async (pairs, run) =>
  pairs.map(({ a, b, task }) => {
    if (a.startsWith('throw ')) throw new MatcherError(a.slice(6) as MatcherErrorCode, `as asked: ${a}`)
    if (a === 'crash') throw new TypeError('secret detail')
    if (!info.tasks.some(({ name }) => name === task))
      throw new MatcherError('task-unknown', `There is no task "${task}".`)
    run?.signal?.throwIfAborted()
    const score = b.length / 100
    return {
      task,
      label: score > 0.5 ? 1 : 0,
      score,
      threshold: 0.5,
      logits: [0, b.length],
      tokenCount: 9,
      truncated: b.length > 50
    }
  })

/** Answers by the length of the text. */
const classify: Matcher<string>['classify'] = async (a, b, task) => {
  const facts = { task, logits: [0, 1], tokenCount: 5, truncated: false }
  if (task === 'grade') return { ...facts, kind: 'score', value: a.length } as never
  const probabilities = { long: a.length / 100, short: 1 - a.length / 100, pair: b === undefined ? 0 : 0.5 }
  return {
    ...facts,
    kind: 'any-of',
    labels: ['short'],
    probabilities,
    thresholds: { long: 0.5, short: 0.5, pair: 0.6 }
  } as never
}

/** Vectors (length of the text, 1); a text that names an error code throws it. */
const embed: Matcher<string>['embed'] = async (texts) => {
  const bad = texts.find((text) => text.startsWith('throw '))
  if (bad !== undefined) throw new MatcherError(bad.slice(6) as MatcherErrorCode, `as asked: ${bad}`)
  return Float32Array.from(texts.flatMap((text) => [text.length, 1]))
}

let workers = 1
const health = () => ({ workers, crashes: 0 })

let app: FastifyInstance | undefined
const errors: unknown[] = []

async function create(options: Partial<AppOptions> = {}): Promise<FastifyInstance> {
  app = await createApp({
    matcher: { matchMany, classify, embed, info, health },
    version: '0.0.0',
    host: '127.0.0.1',
    bodyLimit: 10_000,
    maxConnections: 100,
    maxPairs: 5,
    deadlineMs: 1_000,
    requestTimeoutMs: 300,
    defaultTask: 'A-ss',
    onError: (error) => errors.push(error),
    ...options
  })
  return app
}

async function post(url: string, payload: unknown, options?: Partial<AppOptions>) {
  const answer = await (await create(options)).inject({ method: 'POST', url, payload: payload as object })
  return { status: answer.statusCode, body: answer.json() as unknown, headers: answer.headers }
}

afterEach(async () => {
  workers = 1
  await app?.close()
  errors.length = 0
})

describe('POST /match', () => {
  it('scores one pair, or several', async () => {
    const wanted = {
      task: 'A-ss',
      label: 0,
      score: 0.02,
      threshold: 0.5,
      logits: [0, 2],
      tokenCount: 9,
      truncated: false
    }
    expect(await post('/match', { a: 'x', b: 'yy', task: 'A-ss' })).toMatchObject({ status: 200, body: wanted })
    expect(
      await post('/match', {
        pairs: [
          { a: 'x', b: 'yy' },
          { a: 'x', b: 'y'.repeat(60) }
        ]
      })
    ).toMatchObject({ body: { results: [wanted, { label: 1, truncated: true }] } })
  })
})

describe('tasks with labels', () => {
  const tasks = [
    ...info.tasks,
    { name: 'length', id: 1, group: 'x', kind: 'any-of' as const, labels: ['long', 'short', 'pair'] },
    { name: 'grade', id: 2, group: 'x', kind: 'score' as const, range: [1, 5] as const }
  ]
  const matcher = { matchMany, classify, embed, info: { ...info, tasks }, health }

  it('are answered by /classify, of one text, a pair, or several', async () => {
    const { body } = await post('/classify', { a: 'x', task: 'length' }, { matcher })
    expect(body).toMatchObject({
      kind: 'any-of',
      labels: ['short'],
      probabilities: { long: 0.01, short: 0.99, pair: 0 }
    })
    const pairs = [
      { a: 'x', b: 'y' },
      { a: 'xyz', task: 'grade' }
    ]
    expect((await post('/classify', { pairs, task: 'length' }, { matcher })).body).toMatchObject({
      results: [{ probabilities: { pair: 0.5 } }, { kind: 'score', value: 3 }]
    })
    expect(await post('/classify', { b: 'x', task: 'length' }, { matcher })).toMatchObject({ status: 422 })
  })

  it('return their labels from /predict, the likeliest first, also for a single text', async () => {
    const labels = ['short', 'long', 'pair']
    const { body } = await post('/predict', { inputs: 'xy', task: 'length' }, { matcher })
    expect((body as { label: string }[]).map(({ label }) => label)).toEqual(labels)
    const mixed = await post('/predict', { inputs: [['x', 'y'], 'xy'], task: 'length' }, { matcher })
    expect((mixed.body as { label: string; score: number }[][]).map((all) => all.at(-1))).toEqual([
      { label: 'long', score: 0.01 },
      { label: 'pair', score: 0 }
    ])
    for (const inputs of [['x', 'y', 'z'], []])
      expect(await post('/predict', { inputs, task: 'length' }, { matcher })).toMatchObject({ status: 422 })
    expect(await post('/predict', { inputs: 'xy', task: 'grade' }, { matcher })).toMatchObject({ status: 422 })
    expect(await post('/predict', { inputs: 'xy', task: 'length', raw_scores: true }, { matcher })).toMatchObject({
      body: { error: expect.stringContaining('labels of its own') }
    })
  })
})

describe('POST /rerank', () => {
  const texts = ['aa', 'aaaa', 'a', 'aaaa']

  it('ranks as text-embeddings-inference does', async () => {
    const { body } = await post('/rerank', { query: 'q', texts, raw_scores: false })
    expect(body).toEqual([
      { index: 1, score: 0.04 },
      { index: 3, score: 0.04 },
      { index: 0, score: 0.02 },
      { index: 2, score: 0.01 }
    ])
  })

  it('returns texts, raw scores and the n best on request', async () => {
    const { body } = await post('/rerank', { query: 'q', texts, raw_scores: true, return_text: true, top_n: 1 })
    expect(body).toEqual([{ index: 1, score: 4, text: 'aaaa' }])
  })

  it('refuses a truncated pair if truncate is false', async () => {
    expect(await post('/rerank', { query: 'q', texts: ['a', 'a'.repeat(60)], truncate: false })).toMatchObject({
      status: 422,
      body: { code: 'input-invalid', error: expect.stringContaining('Pair 1 is longer') }
    })
  })
})

describe('POST /predict', () => {
  it('returns the labels of a pair, the likelier first, and a list for a list of pairs', async () => {
    const labels = [
      { score: 0.98, label: 'no-match' },
      { score: 0.02, label: 'match' }
    ]
    expect((await post('/predict', { inputs: ['x', 'yy'] })).body).toEqual(labels)
    expect(
      (
        await post('/predict', {
          inputs: [
            ['x', 'yy'],
            ['x', 'yy']
          ]
        })
      ).body
    ).toEqual([labels, labels])
    expect((await post('/predict', { inputs: [['x', 'yy']], raw_scores: true })).body).toEqual([
      [
        { score: 2, label: 'match' },
        { score: 0, label: 'no-match' }
      ]
    ])
  })

  it('refuses a single text', async () => {
    for (const inputs of ['x', ['x'], [['x'], ['y', 'z']]]) {
      expect(await post('/predict', { inputs })).toMatchObject({
        status: 422,
        body: { error: expect.stringContaining('must be a pair') }
      })
    }
  })
})

describe('refusals', () => {
  it.each<[string, string, unknown, number, string]>([
    ['a body that is no JSON', '/match', '{"a":', 400, 'request-invalid'],
    ['a number for a text', '/match', { a: 5, b: 'x' }, 400, 'input-invalid'],
    ['a body without texts', '/match', { task: 'A-ss' }, 422, 'input-invalid'],
    ['no texts to rank', '/rerank', { query: 'x' }, 400, 'input-invalid'],
    ['an unknown task', '/match', { a: 'x', b: 'y', task: 'C-ll' }, 422, 'task-unknown'],
    ['too many pairs', '/rerank', { query: 'x', texts: Array.from({ length: 6 }, () => 'y') }, 422, 'input-invalid'],
    ['a body that is too large', '/match', { a: 'x'.repeat(20_000), b: '' }, 413, 'body-too-large'],
    ['a text that is too long', '/match', { a: 'throw input-invalid', b: '' }, 422, 'input-invalid'],
    ['more than fits the queue', '/match', { a: 'throw queue-full', b: '' }, 429, 'queue-full'],
    ['what takes too long', '/match', { a: 'throw deadline-exceeded', b: '' }, 503, 'deadline-exceeded'],
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
    const server = await create()
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
          info,
          classify,
          embed,
          health,
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

describe('the rest', () => {
  it('reports its health, its model, its metrics and its OpenAPI document', async () => {
    const server = await create()
    await server.inject({ method: 'POST', url: '/match', payload: { a: 'x', b: 'y'.repeat(60) } })
    expect((await server.inject('/health')).json()).toEqual({ status: 'ok' })
    expect((await server.inject('/ready')).json()).toEqual({ status: 'ok' })
    expect((await server.inject('/info')).json()).toMatchObject({
      model: 'fake',
      device: 'cpu',
      devices: [{ device: 'cuda', taken: false }]
    })
    expect((await server.inject('/info')).body).not.toContain('libcuda')
    const metrics = (await server.inject('/metrics')).body
    expect(metrics).toContain('sohu_match_requests_total{route="/match",status="200"} 1')
    expect(metrics).toContain('sohu_match_pairs_total{task="A-ss"} 1')
    expect(metrics).toContain('sohu_match_truncated_pairs_total 1')
    const document = (await server.inject('/openapi.json')).json<{ openapi: string; paths: Record<string, unknown> }>()
    expect(document.openapi).toBe('3.1.0')
    expect(Object.keys(document.paths).sort()).toEqual([
      '/classify',
      '/embed',
      '/health',
      '/info',
      '/match',
      '/metrics',
      '/predict',
      '/ready',
      '/reload',
      '/rerank',
      '/v1/embeddings',
      '/v2',
      '/v2/health/live',
      '/v2/health/ready',
      '/v2/models/{model}',
      '/v2/models/{model}/infer',
      '/v2/models/{model}/ready',
      '/v2/models/{model}/versions/{version}',
      '/v2/models/{model}/versions/{version}/infer',
      '/v2/models/{model}/versions/{version}/ready'
    ])
  })
})

describe('readiness', () => {
  it('is lost with the last worker, while the process lives', async () => {
    const server = await create()
    workers = 0
    expect((await server.inject('/health')).statusCode).toBe(200)
    const answer = await server.inject('/ready')
    expect(answer).toMatchObject({ statusCode: 503, headers: { 'retry-after': '1' } })
    expect(answer.json()).toMatchObject({ code: 'not-ready', error_type: 'Unhealthy' })
    workers = 1
    expect((await server.inject('/ready')).statusCode).toBe(200)
  })
})

describe('POST /reload', () => {
  it('is refused without a key, and reports the outcome', async () => {
    const send = async (options: Partial<AppOptions>) => {
      const headers = { authorization: 'Bearer secret' }
      const answer = await (await create(options)).inject({ method: 'POST', url: '/reload', headers })
      return { status: answer.statusCode, body: answer.json() as unknown }
    }
    const reloaded = { model: 'new', modelHash: 'abc' }
    const reload = async () => ({ outcome: 'reloaded', ...reloaded }) as const
    expect(await send({ reload })).toMatchObject({ status: 403, body: { code: 'reload-refused' } })
    const apiKey = 'secret'
    expect(await send({ apiKey })).toMatchObject({ status: 501, body: { code: 'reload-unavailable' } })
    expect(await send({ apiKey, reload })).toEqual({ status: 200, body: reloaded })
    expect(await send({ apiKey, reload: async () => ({ outcome: 'under-way' }) })).toMatchObject({
      status: 409,
      body: { code: 'reload-under-way' }
    })
    expect(
      await send({ apiKey, reload: async () => ({ outcome: 'failed', reason: 'vocab.txt is damaged.' }) })
    ).toMatchObject({ status: 500, body: { code: 'reload-failed', error: expect.stringContaining('vocab.txt') } })
  })
})

describe('null', () => {
  it('is the same as a property that is left out', async () => {
    const absent = { task: null, raw_scores: null, return_text: null, truncate: null, top_n: null }
    expect(await post('/rerank', { query: 'q', texts: ['a'], ...absent })).toEqual(
      expect.objectContaining({ status: 200, body: [{ index: 0, score: 0.01 }] })
    )
    expect((await post('/match', { pairs: [{ a: 'x', b: 'y', task: null }], a: null, b: null })).status).toBe(200)
    expect((await post('/predict', { inputs: ['x', 'y'], ...absent })).status).toBe(200)
    expect(await post('/match', { a: null, b: 'y' })).toMatchObject({ status: 422, body: { code: 'input-invalid' } })
    expect((await post('/match', { pairs: [null] })).status).toBe(400)
  })
})

describe('access', () => {
  const get = async (options: Partial<AppOptions>, headers: Record<string, string>, url = '/info') =>
    (await create(options)).inject({ url, headers })

  it.each<[string, string, number]>([
    ['127.0.0.1', 'localhost:8080', 200],
    ['127.0.0.1', '127.0.0.1', 200],
    ['localhost', '[::1]:8080', 200],
    ['::1', 'LOCALHOST', 200],
    ['127.0.0.1', 'inside.example:8080', 200],
    ['127.0.0.1', 'attacker.example', 403],
    ['127.0.0.1', '127.0.0.1.attacker.example:8080', 403],
    ['127.0.0.1', '127.attacker.example', 403],
    ['0.0.0.0', 'match.example.org', 200]
  ])('on %s answers the Host header %s with %i', async (host, header, status) => {
    const answer = await get({ host, allowedHosts: ['inside.example'] }, { host: header })
    expect(answer.statusCode).toBe(status)
    if (status === 403) expect(answer.json()).toMatchObject({ code: 'host-unknown' })
  })

  it('requires the key, except for probes', async () => {
    const options = { apiKey: 'secret' }
    expect((await get(options, {})).json()).toMatchObject({ code: 'unauthorized', error_type: 'Validation' })
    expect(await get(options, { authorization: 'Bearer wrong' })).toMatchObject({
      statusCode: 401,
      headers: { 'www-authenticate': 'Bearer' }
    })
    expect((await get(options, { authorization: 'Bearer secret' })).statusCode).toBe(200)
    expect((await get(options, {}, '/health')).statusCode).toBe(200)
    expect((await get(options, {}, '/ready')).statusCode).toBe(200)
    expect((await get(options, {}, '/nothing')).statusCode).toBe(401)
    expect((await post('/match', 'not read', options)).status).toBe(401)
  })

  it('lets pages of the named origins read responses, including errors', async () => {
    const corsOrigins = ['https://a.example']
    const allowed = await get({ corsOrigins }, { origin: 'https://a.example' }, '/nothing')
    expect(allowed.headers).toMatchObject({ 'access-control-allow-origin': 'https://a.example', vary: 'Origin' })
    const other = await get({ corsOrigins }, { origin: 'https://b.example' })
    expect(other.headers['access-control-allow-origin']).toBeUndefined()
    expect(other.headers.vary).toBe('Origin')
    expect((await get({}, { origin: 'https://a.example' })).headers['access-control-allow-origin']).toBeUndefined()
    const any = await get({ corsOrigins: ['*'] }, { origin: 'https://b.example' })
    expect(any.headers['access-control-allow-origin']).toBe('*')
  })

  it('answers preflight requests without a key', async () => {
    const server = await create({ corsOrigins: ['https://a.example'], apiKey: 'secret' })
    const preflight = (origin: string) =>
      server.inject({
        method: 'OPTIONS',
        url: '/match',
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' }
      })
    expect(await preflight('https://a.example')).toMatchObject({
      statusCode: 204,
      headers: { 'access-control-allow-headers': 'authorization, content-type, x-request-id' }
    })
    expect((await preflight('https://b.example')).statusCode).toBe(401)
  })
})

describe('the access log', () => {
  it('has ids, routes and codes, and no text', async () => {
    const entries: AccessEntry[] = []
    const server = await create({ onAccess: (entry) => entries.push(entry) })
    await server.listen({ port: 0, host: '127.0.0.1' })
    const { port } = server.server.address() as { port: number }
    const headers = { 'content-type': 'application/json', 'x-request-id': 'mine-1' }
    const send = (path: string, body: object, more = {}) =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { ...headers, ...more }
      })
    const answer = await send('/match?q=private', { pairs: [{ a: 'private', b: 'x' }, { a: 'private', b: 'x' }] }) // prettier-ignore
    expect(answer.headers.get('x-request-id')).toBe('mine-1')
    await answer.text()
    await (await send('/private', {}, { 'x-request-id': 'not a word' })).text()
    await (await send('/match', { a: 'throw queue-full', b: '' })).text()
    while (entries.length < 3) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(entries).toMatchObject([
      { id: 'mine-1', method: 'POST', route: '/match', status: 200, pairs: 2 },
      { id: expect.stringMatching(/^[0-9a-f-]{36}$/), route: 'unknown', status: 404, code: 'route-unknown' },
      { status: 429, code: 'queue-full', pairs: 1 }
    ])
    for (const format of ['json', 'text'] as const)
      expect(entries.map((entry) => accessLine(entry, format)).join()).not.toContain('private')
    expect(accessLine({ ...entries[2]!, time: 'now', id: 'i', ms: 1.5 }, 'text')).toBe(
      'now i POST /match 429 1.5 ms, 1 pairs, queue-full'
    )
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
    ['no HTTP', 'GARBAGE\r\n\r\n', 400],
    ['headers that are too large', `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(50_000)}\r\n\r\n`, 431],
    ['a bad escape', 'GET /%zz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n', 400],
    ['an odd expectation', 'POST /match HTTP/1.1\r\nhost: localhost\r\nexpect: x\r\nconnection: close\r\n\r\n', 417],
    [
      'a request that never ends',
      'POST /match HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 5\r\n\r\n{',
      408
    ]
  ])('%s', async (_, bytes, status) => {
    const server = await create()
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
  }, 30_000)

  it('are refused large bodies while too many are in memory, and small ones are answered', async () => {
    let release: () => void = () => undefined
    const held = new Promise<void>((resolve) => (release = resolve))
    const server = await create({
      bodyLimit: 100_000,
      matcher: { info, classify, embed, health, matchMany: async (pairs) => held.then(() => matchMany(pairs)) }
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

describe('vectors', () => {
  it('answers /embed as text-embeddings-inference does', async () => {
    expect((await post('/embed', { inputs: 'abc' })).body).toEqual([[3, 1]])
    const { body } = await post('/embed', { inputs: ['a', ''], task: 'A-ss' })
    expect(body).toEqual([
      [1, 1],
      [0, 1]
    ])
    expect(await post('/embed', { inputs: [] })).toMatchObject({ status: 400 })
    expect(await post('/embed', { inputs: 'a', normalize: false })).toMatchObject({ status: 422 })
    expect(await post('/embed', { inputs: Array.from({ length: 6 }, () => 'a') })).toMatchObject({
      status: 422,
      body: { error: 'The request has 6 texts; at most 5 are taken at once.' }
    })
  })

  it('answers /v1/embeddings as OpenAI does, in numbers or base64', async () => {
    const { body } = await post('/v1/embeddings', { input: ['ab', 'c'], model: 'any' })
    expect(body).toEqual({
      object: 'list',
      model: 'fake',
      model_hash: info.modelHash,
      data: [
        { object: 'embedding', index: 0, embedding: [2, 1] },
        { object: 'embedding', index: 1, embedding: [1, 1] }
      ]
    })
    const packed = await post('/v1/embeddings', { input: 'abcd', encoding_format: 'base64' })
    const [{ embedding }] = (packed.body as { data: [{ embedding: string }] }).data
    expect(new Float32Array(Uint8Array.from(Buffer.from(embedding, 'base64')).buffer)).toEqual(Float32Array.of(4, 1))
  })

  it("sends the model's hash with vectors, and refuses a client that has vectors of another model", async () => {
    for (const [path, name] of [
      ['/embed', 'inputs'],
      ['/v1/embeddings', 'input']
    ] as const) {
      const answer = await post(path, { [name]: 'a', model_hash: info.modelHash })
      expect([answer.status, answer.headers['x-model-hash']]).toEqual([200, info.modelHash])
      expect(await post(path, { [name]: 'a', model_hash: 'f'.repeat(64) })).toMatchObject({
        status: 409,
        body: { code: 'vectors-mismatch', error: expect.stringContaining('ffffffffffff, but fake (0123456789ab)') }
      })
    }
  })

  it('answers 422 if the model is a cross-encoder', async () => {
    expect(await post('/embed', { inputs: 'throw architecture-mismatch' })).toMatchObject({
      status: 422,
      body: { code: 'architecture-mismatch', error_type: 'Validation' }
    })
  })
})
