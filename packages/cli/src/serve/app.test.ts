import { connect } from 'node:net'
import { MatcherError, type Matcher, type MatcherErrorCode, type MatcherInfo } from '@sohu-match/sdk-node'
import type { FastifyInstance } from 'fastify'
import { afterEach, describe, expect, it } from 'vitest'
import { createApp, type AppOptions } from './app'

const info: MatcherInfo = {
  model: 'fake',
  modelHash: '',
  device: 'cpu',
  dtype: 'fp32',
  reasons: [],
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

let app: FastifyInstance | undefined
const errors: unknown[] = []

async function create(options: Partial<AppOptions> = {}): Promise<FastifyInstance> {
  app = await createApp({
    matcher: { matchMany, info },
    version: '0.0.0',
    bodyLimit: 10_000,
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
  await app?.close()
  errors.length = 0
})

describe('POST /match', () => {
  it('judges one pair, or several', async () => {
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

  it('gives texts, raw scores and the best few on request', async () => {
    const { body } = await post('/rerank', { query: 'q', texts, raw_scores: true, return_text: true, top_n: 1 })
    expect(body).toEqual([{ index: 1, score: 4, text: 'aaaa' }])
  })

  it('refuses a cut pair where truncate is false', async () => {
    expect(await post('/rerank', { query: 'q', texts: ['a', 'a'.repeat(60)], truncate: false })).toMatchObject({
      status: 422,
      body: { code: 'input-invalid', error: expect.stringContaining('Pair 1 is longer') }
    })
  })
})

describe('POST /predict', () => {
  it('gives a pair its labels, the likelier first, and a list of pairs a list', async () => {
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

  it('refuses a text alone', async () => {
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

  it('keeps what went wrong inside to the log', async () => {
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
      'POST /match HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"a":'
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

  it('gives up the pairs of a client that has gone', async () => {
    const client = new AbortController()
    const given = new Promise<unknown>((resolve) => {
      void create({
        matcher: {
          info,
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
  it('tells its health, its model, its numbers and its document', async () => {
    const server = await create()
    await server.inject({ method: 'POST', url: '/match', payload: { a: 'x', b: 'y'.repeat(60) } })
    expect((await server.inject('/health')).json()).toEqual({ status: 'ok' })
    expect((await server.inject('/info')).json()).toMatchObject({ model: 'fake', device: 'cpu' })
    const metrics = (await server.inject('/metrics')).body
    expect(metrics).toContain('sohu_match_requests_total{route="/match",status="200"} 1')
    expect(metrics).toContain('sohu_match_pairs_total{task="A-ss"} 1')
    expect(metrics).toContain('sohu_match_truncated_pairs_total 1')
    const document = (await server.inject('/openapi.json')).json<{ openapi: string; paths: Record<string, unknown> }>()
    expect(document.openapi).toBe('3.1.0')
    expect(Object.keys(document.paths).sort()).toEqual([
      '/health',
      '/info',
      '/match',
      '/metrics',
      '/predict',
      '/rerank'
    ])
  })
})
