import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Batch } from '@sohu-match/core'
import { afterEach, describe, expect, it } from 'vitest'
import { openRemoteSession } from './remote-session'

const SHA256 = 'ab'.repeat(32)

interface Tensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly values: readonly number[]
}

/** Answers of a made-up server; each may be replaced. */
interface Answers {
  readonly config?: object | undefined
  /** Status of each request for the configuration or the metadata, by path. */
  readonly statuses?: Readonly<Record<string, number>>
  /** Text of a reply with status 200, by path. */
  readonly texts?: Readonly<Record<string, string>>
  /** Ends the connection in the middle of each reply to a batch. */
  readonly cut?: boolean
  readonly taskShape?: readonly number[]
  /** Outputs in the model's metadata. */
  readonly declared?: readonly string[]
  /** Body of an inference: JSON and the bytes after it. */
  readonly infer?: (inputs: readonly Tensor[]) => { status?: number; json: object; bytes?: Buffer; plain?: boolean }
}

let server: Server | undefined
const requests: (readonly Tensor[])[] = []
afterEach(() => {
  server?.close()
  requests.length = 0
})

const floats = (values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(4 * values.length)
  values.forEach((value, i) => bytes.writeFloatLE(value, 4 * i))
  return bytes
}

/** Logits of a row: the sum of its token and segment ids, and its task. */
function logits(inputs: readonly Tensor[], name = 'logits') {
  const [tokens, segments, tasks] = ['token_ids', 'segment_ids', 'task_ids'].map((one) =>
    inputs.find((input) => input.name === one)!
  )
  const [batch, seq] = tokens!.shape as [number, number]
  const sum = (values: readonly number[], row: number) =>
    values.slice(row * seq, (row + 1) * seq).reduce((a, b) => a + b, 0)
  const values = Array.from({ length: batch }, (_, row) => [
    sum(tokens!.values, row) + sum(segments!.values, row) / 2,
    tasks!.values[row]!
  ]).flat()
  const bytes = floats(values)
  const output = { name, datatype: 'FP32', shape: [batch, 2], parameters: { binary_data_size: bytes.length } }
  return { json: { outputs: [output] }, bytes, values }
}

async function tensorsOf(request: IncomingMessage): Promise<Tensor[]> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  const body = Buffer.concat(parts)
  const length = Number(request.headers['inference-header-content-length'])
  const { inputs } = JSON.parse(body.toString('utf8', 0, length)) as {
    inputs: { name: string; shape: number[]; datatype: string; parameters: { binary_data_size: number } }[]
  }
  let at = length
  return inputs.map(({ name, shape, datatype, parameters: { binary_data_size: bytes } }) => {
    expect(datatype).toBe('INT32')
    const values = Array.from({ length: bytes / 4 }, (_, i) => body.readInt32LE(at + 4 * i))
    at += bytes
    return { name, shape, values }
  })
}

async function serve({
  config,
  taskShape = [-1, 1],
  declared = ['logits'],
  infer = logits,
  statuses = {},
  texts = {},
  cut = false
}: Answers): Promise<string> {
  server = createServer((request, response) => {
    const status = statuses[request.url!]
    if (status !== undefined) return void response.writeHead(status).end('as the test wants')
    const text = texts[request.url!]
    if (text !== undefined) return void response.end(text)
    if (request.url === '/v2/models/zh/config')
      return void response.writeHead(config ? 200 : 404).end(JSON.stringify(config ?? {}))
    if (request.url === '/v2/models/zh')
      return void response.end(
        JSON.stringify({
          inputs: [{ name: 'task_ids', shape: taskShape }],
          outputs: declared.map((name) => ({ name, shape: [-1, 2] }))
        })
      )
    void tensorsOf(request).then((tensors) => {
      requests.push(tensors)
      const { status = 200, json, bytes = Buffer.alloc(0), plain } = infer(tensors)
      const head = Buffer.from(JSON.stringify(json))
      if (cut) return void response.writeHead(200, { 'content-length': 1000 }).write('{', () => response.destroy())
      response.writeHead(status, plain ? {} : { 'inference-header-content-length': head.length })
      response.end(Buffer.concat([head, bytes]))
    })
  })
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v2/models/zh`
}

const open = async (answers: Answers = {}) => openRemoteSession({ url: await serve(answers), sha256: SHA256 })

/** Five rows of three tokens. */
const batch: Batch = {
  batch: 5,
  seq: 3,
  tokenIds: Int32Array.from({ length: 15 }, (_, i) => i * 1000),
  segmentIds: Int32Array.from({ length: 15 }, (_, i) => i % 2),
  taskIds: Int32Array.of(0, 1, 2, 3, 4)
}
const expected = logits([
  { name: 'token_ids', shape: [5, 3], values: [...batch.tokenIds] },
  { name: 'segment_ids', shape: [5, 3], values: [...batch.segmentIds] },
  { name: 'task_ids', shape: [5, 1], values: [...batch.taskIds] }
]).values

describe('a graph on an inference server', () => {
  it('receives ids and answers logits, in binary tensors', async () => {
    const session = await open()
    expect([...(await session.run(batch))]).toEqual(expected)
    expect(requests.at(-1)!.map(({ shape }) => shape)).toEqual([
      [5, 3],
      [5, 3],
      [5, 1]
    ])
  })

  it('receives at most as many rows as it is configured for', async () => {
    const session = await open({ config: { max_batch_size: 2 } })
    requests.length = 0
    expect([...(await session.run(batch))]).toEqual(expected)
    expect(requests.map(([tokens]) => tokens!.shape[0]).sort()).toEqual([1, 2, 2])
  })

  it('receives task ids in the shape that it declares', async () => {
    const session = await open({ taskShape: [-1] })
    await session.run(batch)
    expect(requests.at(-1)!.find(({ name }) => name === 'task_ids')!.shape).toEqual([5])
  })

  it('may answer in JSON', async () => {
    const infer: Answers['infer'] = (inputs) => {
      const { values } = logits(inputs)
      return {
        plain: true,
        json: { outputs: [{ name: 'logits', datatype: 'FP32', shape: [values.length / 2, 2], data: values }] }
      }
    }
    expect([...(await (await open({ infer })).run(batch))]).toEqual(expected)
  })

  it('must be the graph of the model folder', async () => {
    const config = (hash: string) => ({ parameters: { sohu_match_sha256: { string_value: hash } } })
    await open({ config: config(SHA256) })
    await expect(open({ config: config('cd'.repeat(32)) })).rejects.toMatchObject({
      code: 'device-unavailable',
      message: expect.stringMatching(/another graph \(SHA-256 cdcd.*\/v2\/models\/zh/)
    })
  })

  it.each<[string, Answers['infer'], RegExp]>([
    ['an error', () => ({ status: 400, json: { error: 'unexpected shape' } }), /answers 400: .*unexpected shape/],
    [
      'other outputs',
      () => ({ json: { outputs: [{ name: 'y', datatype: 'FP32', shape: [1] }] } }),
      /returns y FP32 \[1\], not logits/
    ],
    ['no outputs', () => ({ json: {} }), /returns no outputs/],
    ['too few bytes', (inputs) => ({ ...logits(inputs), bytes: Buffer.alloc(4) }), /not logits FP32 \[1, 2\]/]
  ])('fails to open where the server answers %s', async (_, infer, message) => {
    await expect(open({ infer })).rejects.toMatchObject({
      code: 'device-unavailable',
      message: expect.stringMatching(message)
    })
  })

  it.each([
    [
      'a refused login',
      '/config',
      401,
      /refuses access \(401 for the model's configuration: as the test wants\).*no credentials/
    ],
    ['a forbidden model', '/config', 403, /refuses access \(403/],
    ['a failure', '/config', 500, /answers 500 for the model's configuration: as the test wants/],
    ['a proxy without its server', '/config', 502, /answers 502 for/],
    ['no model at the address', '', 404, /has no such model \(404 for the model's metadata/],
    ['a refused login', '', 401, /refuses access \(401 for the model's metadata/]
  ])('reports %s', async (_, path, status, message) => {
    await expect(open({ statuses: { [`/v2/models/zh${path}`]: status } })).rejects.toMatchObject({
      code: 'device-unavailable',
      message: expect.stringMatching(message)
    })
  })

  it.each([400, 404, 405, 501])('need not have a configuration (%i)', async (status) => {
    const session = await open({ statuses: { '/v2/models/zh/config': status } })
    expect([...(await session.run(batch))]).toEqual(expected)
  })

  it.each([
    [
      '/config',
      '<html>Log in</html>',
      /model's configuration does not follow .*not JSON but "<html>Log in<\/html>"; check/
    ],
    [
      '/config',
      'null',
      /configuration does not follow the open inference protocol: the value should be Object but is null/
    ],
    ['/config', '{"max_batch_size":-1}', /"max_batch_size" should be >=0 but is -1/],
    ['', '<html>', /model's metadata does not follow .*not JSON/],
    [
      '',
      '{"outputs":[{"shape":[1]}]}',
      /metadata does not follow .*"outputs.0.name" should be "?name"? but is undefined/
    ],
    ['/infer', '{"outputs":[{"name":"logits","data":[1,2]}]}', /results does not follow .*"outputs.0.datatype"/],
    ['/infer', '[0.1,NaN]', /results does not follow .*not JSON/]
  ])('reports a reply%s that does not follow the protocol: %s', async (path, text, message) => {
    await expect(open({ texts: { [`/v2/models/zh${path}`]: text } })).rejects.toMatchObject({
      code: 'device-unavailable',
      message: expect.stringMatching(message)
    })
  })

  it('reads null in JSON as NaN, which the matcher refuses, and not as 0', async () => {
    const infer: Answers['infer'] = (inputs) => {
      const rows = logits(inputs).values.length / 2
      const data = Array<null>(2 * rows).fill(null)
      return { plain: true, json: { outputs: [{ name: 'logits', datatype: 'FP32', shape: [rows, 2], data }] } }
    }
    expect([...(await (await open({ infer })).run(batch))]).toEqual(Array<number>(10).fill(NaN))
  })

  it('says that a reply broke off', async () => {
    await expect(open({ cut: true })).rejects.toMatchObject({
      code: 'device-unavailable',
      message: expect.stringMatching(/server's reply broke off: \S/)
    })
  })

  it('must have outputs of ours', async () => {
    await expect(open({ declared: ['scores'] })).rejects.toMatchObject({
      code: 'device-unavailable',
      message: expect.stringMatching(/has the outputs scores, not logits or vectors/)
    })
  })

  it('says that a server does not answer', async () => {
    const url = await serve({})
    await new Promise((resolve) => server!.close(resolve))
    await expect(openRemoteSession({ url, sha256: SHA256 })).rejects.toMatchObject({
      code: 'device-unavailable',
      message: expect.stringMatching(/does not answer: .*ECONNREFUSED/)
    })
  })
})
