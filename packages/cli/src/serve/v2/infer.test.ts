import type { Matcher } from '@sohu-match/sdk-node'
import type { FastifyInstance } from 'fastify'
import { afterEach, describe, expect, it } from 'vitest'
import { createApp, type AppOptions } from '../app'

const task = 'A-ss'
const info = { model: 'fake/model', modelHash: '0123456789abcdef', tasks: [{ name: task }], reasons: [] }
const PATH = '/v2/models/fake%2Fmodel'

/** The score is the length of the second text in hundredths. */
const matchMany = async (pairs: readonly { a: string; b: string; task: string }[]) =>
  pairs.map(({ b }) => ({
    task,
    label: 0,
    score: b.length / 100,
    logits: [0, b.length],
    tokenCount: 9,
    truncated: false
  }))

let workers = 1
let app: FastifyInstance | undefined

async function create(options: Partial<AppOptions> = {}): Promise<FastifyInstance> {
  app = await createApp({
    matcher: { info, matchMany, health: () => ({ workers, crashes: 0 }) } as unknown as Matcher<string>,
    version: '0.0.0',
    host: '127.0.0.1',
    bodyLimit: 2_000,
    maxConnections: 10,
    maxPairs: 3,
    deadlineMs: 1_000,
    requestTimeoutMs: 1_000,
    defaultTask: task,
    ...options
  })
  return app
}

afterEach(async () => {
  workers = 1
  await app?.close()
})

const tensor = (name: string, data: unknown[], more: object = {}) => ({
  name,
  datatype: 'BYTES',
  shape: [data.length],
  data,
  ...more
})
const pair = { inputs: [tensor('a', ['x']), tensor('b', ['yy'])] }

/** A body of JSON and the bytes of its tensors: each element's length, then the element. */
function binary(elements: readonly Buffer[], json: object): { payload: Buffer; headers: Record<string, string> } {
  const head = Buffer.from(JSON.stringify(json))
  const tail = elements.flatMap((element) => {
    const length = Buffer.alloc(4)
    length.writeUInt32LE(element.length)
    return [length, element]
  })
  return {
    payload: Buffer.concat([head, ...tail]),
    headers: { 'content-type': 'application/octet-stream', 'inference-header-content-length': String(head.length) }
  }
}

async function infer(payload: object | Buffer | string, headers = {}, options: Partial<AppOptions> = {}) {
  const answer = await (await create(options)).inject({ method: 'POST', url: `${PATH}/infer`, payload, headers })
  return { status: answer.statusCode, body: answer.json<{ error?: string; outputs?: unknown[] }>() }
}

describe('inference', () => {
  it('answers every output with its shape, and the id of the request', async () => {
    const inputs = [tensor('b', [['yy'], ['zzz']], { shape: [2, 1] }), tensor('a', ['x', 'x'])]
    expect(await infer({ id: 'mine', inputs })).toEqual({
      status: 200,
      body: {
        model_name: info.model,
        model_version: '0123456789ab',
        id: 'mine',
        outputs: [
          { name: 'score', datatype: 'FP64', shape: [2], data: [0.02, 0.03] },
          { name: 'label', datatype: 'INT32', shape: [2], data: [0, 0] },
          { name: 'logits', datatype: 'FP64', shape: [2, 2], data: [0, 2, 0, 3] },
          { name: 'token_count', datatype: 'INT32', shape: [2], data: [9, 9] },
          { name: 'truncated', datatype: 'BOOL', shape: [2], data: [false, false] }
        ]
      }
    })
  })

  it('has the limits, the key and the errors of every other route', async () => {
    const many = Array.from({ length: 4 }, () => 'x')
    expect(await infer({ inputs: [tensor('a', many), tensor('b', many)] })).toMatchObject({
      status: 422,
      body: { error: 'The request has 4 pairs; at most 3 are taken at once.', code: 'input-invalid' }
    })
    expect(await infer({ inputs: [tensor('a', ['x'.repeat(3_000)])] })).toMatchObject({ status: 413 })
    expect(await infer(pair, {}, { apiKey: 'secret' })).toMatchObject({ status: 401, body: { code: 'unauthorized' } })
    expect(await infer(pair, {}, { defaultTask: undefined })).toMatchObject({ status: 422 })
    expect(await infer({ ...pair, parameters: { task } }, {}, { defaultTask: undefined })).toMatchObject({
      status: 200
    })
  })

  it.each<[string, unknown, number, string]>([
    ['no inputs', {}, 400, 'inputs'],
    ['an input alone', { inputs: [tensor('a', ['x'])] }, 422, 'The input "b" is missing'],
    ['an input twice', { inputs: [...pair.inputs, tensor('a', ['x'])] }, 400, 'two inputs "a"'],
    [
      'an output twice',
      { ...pair, outputs: [{ name: 'score' }, { name: 'score' }] },
      422,
      'output "score" is named twice'
    ],
    ['texts without partners', { inputs: [tensor('a', ['x']), tensor('b', [])] }, 422, '1 texts in a and 0 in b'],
    ['numbers', { inputs: [tensor('a', [1])] }, 400, 'must be strings'],
    ['another datatype', { inputs: [tensor('a', ['x'], { datatype: 'FP32' })] }, 400, 'is FP32; it must be BYTES'],
    ['a shape of pairs', { inputs: [tensor('a', ['x'], { shape: [1, 2] })] }, 400, 'must be [n] or [n, 1]'],
    ['a shape of another size', { inputs: [tensor('a', ['x'], { shape: [2] })] }, 400, 'shape [2] and 1 elements'],
    ['no data', { inputs: [{ name: 'a', datatype: 'BYTES', shape: [1] }] }, 400, 'neither "data" nor'],
    [
      'bytes that are missing',
      { inputs: [tensor('a', ['x'], { parameters: { binary_data_size: 9 } })] },
      400,
      'claims 9 bytes'
    ],
    ['a list', [1], 400, 'body must be object']
  ])('refuses %s', async (_, body, status, error) => {
    expect(await infer(body as object)).toMatchObject({ status, body: { error: expect.stringContaining(error) } })
  })
})

describe('binary tensors', () => {
  const json = (size: number, count = 1) => ({
    inputs: [
      { name: 'a', datatype: 'BYTES', shape: [count], parameters: { binary_data_size: size } },
      tensor(
        'b',
        Array.from({ length: count }, () => 'yy')
      )
    ]
  })

  it('are read, byte order marks and all', async () => {
    const inputs = [
      tensor('a', ['x', 'x']),
      { name: 'b', datatype: 'BYTES', shape: [2], parameters: { binary_data_size: 14 } }
    ]
    const { payload, headers } = binary([Buffer.from('\ufeff虎'), Buffer.alloc(0)], { inputs })
    const { status, body } = await infer(payload, headers)
    expect([status, body.outputs?.[0]]).toMatchObject([200, { name: 'score', data: [0.02, 0] }])
  })

  it.each<[string, Buffer[], object, string]>([
    ['bytes that nobody claims', [Buffer.from('xyz')], json(0, 0), '7 bytes follow the JSON, but the inputs claim 0'],
    ['a length that is cut off', [Buffer.from('xyz')], json(3), 'Element 0 of the input "a" is cut off'],
    ['an element that is cut off', [Buffer.from('xyz')], json(6), 'Element 0 of the input "a" is cut off'],
    ['more elements than the shape has', [Buffer.from('x'), Buffer.from('y')], json(10), 'shape [1] and 2 elements'],
    ['an element that is not UTF-8', [Buffer.from([0xff])], json(5), 'Element 0 of the input "a" is not UTF-8'],
    ['a size beyond the body', [Buffer.from('x')], json(2 ** 40), 'more than follow the JSON']
  ])('are refused with %s', async (_, elements, body, error) => {
    const { payload, headers } = binary(elements, body)
    expect(await infer(payload, headers)).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining(error) }
    })
  })

  it('are refused if the header has the wrong length of the JSON, or the type differs', async () => {
    for (const length of ['-1', '1e3', '99999', '']) {
      const headers = { 'content-type': 'application/json', 'inference-header-content-length': length }
      expect(await infer(JSON.stringify(pair), headers)).toMatchObject({ status: 400 })
    }
    expect(await infer(JSON.stringify(pair), { 'content-type': 'text/plain' })).toMatchObject({ status: 415 })
    expect(await infer(JSON.stringify(pair), { 'content-type': 'application/json; charset=utf-8' })).toMatchObject({
      status: 200
    })
  })
})

describe('health and metadata', () => {
  it('answers probes without a key, and the rest with it', async () => {
    const server = await create({ apiKey: 'secret' })
    const status = async (url: string) => (await server.inject(url)).statusCode
    expect([await status('/v2/health/live'), await status('/v2/health/ready')]).toEqual([200, 200])
    workers = 0
    expect([await status('/v2/health/live'), await status('/v2/health/ready')]).toEqual([200, 503])
    expect([await status('/v2'), await status(PATH), await status(`${PATH}/ready`)]).toEqual([401, 401, 401])
  })

  it('names the model, its version and its tensors', async () => {
    const server = await create()
    const get = async (url: string) => (await server.inject(url)).json<object>()
    const extensions = ['binary_tensor_data']
    expect(await get('/v2')).toEqual({ name: 'sohu-match', version: '0.0.0', extensions })
    expect(await get('/v2/')).toEqual({ name: 'sohu-match', version: '0.0.0', extensions })
    expect(await get(`${PATH}/versions/0123456789ab`)).toEqual({
      name: info.model,
      versions: ['0123456789ab'],
      platform: 'sohu-match',
      inputs: [
        { name: 'a', datatype: 'BYTES', shape: [-1] },
        { name: 'b', datatype: 'BYTES', shape: [-1] }
      ],
      outputs: [
        { name: 'score', datatype: 'FP64', shape: [-1] },
        { name: 'label', datatype: 'INT32', shape: [-1] },
        { name: 'logits', datatype: 'FP64', shape: [-1, 2] },
        { name: 'token_count', datatype: 'INT32', shape: [-1] },
        { name: 'truncated', datatype: 'BOOL', shape: [-1] }
      ]
    })
    expect(await get(`${PATH}/ready`)).toEqual({ name: info.model, ready: true })
    expect(await get('/v2/models/other')).toMatchObject({
      code: 'model-unknown',
      error: expect.stringContaining('other')
    })
  })
})
