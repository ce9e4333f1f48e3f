import { afterEach, describe, expect, it } from 'vitest'
import type { AppOptions } from './app'
import { close, create, health, matcher, post } from './app.fixtures'

afterEach(close)

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
    ...matcher.info.tasks,
    { name: 'length', id: 1, group: 'x', kind: 'any-of' as const, labels: ['long', 'short', 'pair'] },
    { name: 'grade', id: 2, group: 'x', kind: 'score' as const, range: [1, 5] as const }
  ]
  const labelled = { ...matcher, info: { ...matcher.info, tasks } }

  it('are answered by /classify, of one text, a pair, or several', async () => {
    const { body } = await post('/classify', { a: 'x', task: 'length' }, { matcher: labelled })
    expect(body).toMatchObject({
      kind: 'any-of',
      labels: ['short'],
      probabilities: { long: 0.01, short: 0.99, pair: 0 }
    })
    const pairs = [
      { a: 'x', b: 'y' },
      { a: 'xyz', task: 'grade' }
    ]
    expect((await post('/classify', { pairs, task: 'length' }, { matcher: labelled })).body).toMatchObject({
      results: [{ probabilities: { pair: 0.5 } }, { kind: 'score', value: 3 }]
    })
    expect(await post('/classify', { b: 'x', task: 'length' }, { matcher: labelled })).toMatchObject({ status: 422 })
  })

  it('return their labels from /predict, the likeliest first, also for a single text', async () => {
    const labels = ['short', 'long', 'pair']
    const { body } = await post('/predict', { inputs: 'xy', task: 'length' }, { matcher: labelled })
    expect((body as { label: string }[]).map(({ label }) => label)).toEqual(labels)
    const mixed = await post('/predict', { inputs: [['x', 'y'], 'xy'], task: 'length' }, { matcher: labelled })
    expect((mixed.body as { label: string; score: number }[][]).map((all) => all.at(-1))).toEqual([
      { label: 'long', score: 0.01 },
      { label: 'pair', score: 0 }
    ])
    for (const inputs of [['x', 'y', 'z'], []])
      expect(await post('/predict', { inputs, task: 'length' }, { matcher: labelled })).toMatchObject({ status: 422 })
    expect(await post('/predict', { inputs: 'xy', task: 'grade' }, { matcher: labelled })).toMatchObject({
      status: 422
    })
    expect(
      await post('/predict', { inputs: 'xy', task: 'length', raw_scores: true }, { matcher: labelled })
    ).toMatchObject({ body: { error: expect.stringContaining('labels of its own') } })
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
    health.workers = 0
    expect((await server.inject('/health')).statusCode).toBe(200)
    const answer = await server.inject('/ready')
    expect(answer).toMatchObject({ statusCode: 503, headers: { 'retry-after': '1' } })
    expect(answer.json()).toMatchObject({ code: 'not-ready', error_type: 'Unhealthy' })
    health.workers = 1
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
