import { describeIssues, MatcherError, messageOf, type Batch } from '@sohu-match/core'
import * as v from 'valibot'
import { TRIAL, type Session } from './session'
import type { RemoteModel } from './worker-load'

/** Milliseconds that a server may take for one batch. */
const PATIENCE = 30_000
/** Length in bytes of the JSON before the tensors. */
const HEADER_LENGTH = 'inference-header-content-length'

/** Characters of a server's message that are quoted. */
const LONGEST_QUOTE = 300
/** Statuses of servers without a model's configuration: it is Triton's addition to the protocol. */
const NO_CONFIG: readonly number[] = [400, 404, 405, 501]

/** How a model is called. */
interface Served {
  readonly url: string
  readonly most: number
  readonly columns: number
  readonly taskAxes: number
  readonly output: 'logits' | 'vectors'
}

/** Configuration of a model as Triton reports it; other servers of the protocol may not. */
const configSchema = v.object({
  max_batch_size: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  parameters: v.optional(v.object({ sohu_match_sha256: v.optional(v.object({ string_value: v.string() })) }))
})
const declaredTensors = v.optional(v.array(v.object({ name: v.string(), shape: v.array(v.unknown()) })), [])
const metadataSchema = v.object({ inputs: declaredTensors, outputs: declaredTensors })
/** JSON has no NaN: servers send null for it. */
const element = v.pipe(
  v.nullable(v.number()),
  v.transform((value) => value ?? NaN)
)
const outputSchema = v.object({
  name: v.string(),
  datatype: v.string(),
  shape: v.array(v.number()),
  parameters: v.optional(v.object({ binary_data_size: v.optional(v.number()) })),
  data: v.optional(v.array(element))
})
const resultSchema = v.object({ outputs: v.optional(v.array(outputSchema), []) })

type OutputTensor = v.InferOutput<typeof outputSchema>

/**
 * A graph on an inference server that speaks the open inference protocol v2 with binary tensors (Triton, KServe). Runs it once, so
 * that a server that cannot run it fails here. Throws `device-unavailable`.
 */
export async function openRemoteSession(remote: RemoteModel, columns = 2): Promise<Session> {
  try {
    const served: Served = {
      url: remote.url,
      most: await largestBatch(remote),
      columns,
      ...(await declared(remote.url))
    }
    const run = (batch: Batch): Promise<Float32Array> => runInParts(served, batch)
    await run(TRIAL)
    return { run, release: () => Promise.resolve() }
  } catch (cause) {
    throw new MatcherError('device-unavailable', `${messageOf(cause)} (endpoint: ${remote.url})`, { cause })
  }
}

/** Rows that the server accepts at once, by its configuration, whose hash of the graph must be that of the model folder. */
async function largestBatch({ url, sha256 }: RemoteModel): Promise<number> {
  const response = await request(`${url}/config`)
  if (NO_CONFIG.includes(response.status)) return Number.MAX_SAFE_INTEGER // not Triton, or not this model: its metadata say which
  await requireSuccess(response, 'configuration')
  const { parameters, max_batch_size: most = 0 } = parse(configSchema, await bodyOf(response), 'configuration')
  const served = parameters?.sohu_match_sha256?.string_value
  if (served === undefined || served === sha256) return most || Number.MAX_SAFE_INTEGER // 0: without a limit
  throw new Error(
    `the server has another graph (SHA-256 ${served}) than the model folder (${sha256}); give both the same folder`
  )
}

/** Tensors as the model's metadata declares them: Triton needs a second axis for `task_ids`, [batch, 1]. */
async function declared(url: string): Promise<Pick<Served, 'taskAxes' | 'output'>> {
  const response = await request(url)
  await requireSuccess(response, 'metadata')
  const { inputs, outputs } = parse(metadataSchema, await bodyOf(response), 'metadata')
  const taskAxes = inputs.find(({ name }) => name === 'task_ids')?.shape.length ?? 1
  const output = outputs.map(({ name }) => name).find(isOutput)
  if (output !== undefined) return { taskAxes, output }
  throw failure(
    `the model has the outputs ${outputs.map(({ name }) => name).join(', ') || '(none)'}, not logits or vectors`
  )
}

const isOutput = (name: string): name is Served['output'] => name === 'logits' || name === 'vectors'

/** Rows in requests of at most `most`, at the same time. */
async function runInParts(served: Served, batch: Batch): Promise<Float32Array> {
  const count = Math.ceil(batch.batch / served.most)
  const parts = Array.from({ length: count }, (_, i) => rowsOf(batch, i * served.most, served.most))
  const results = await Promise.all(parts.map((part) => infer(served, part)))
  const joined = new Float32Array(results.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const result of results) {
    joined.set(result, at)
    at += result.length
  }
  return joined
}

function rowsOf({ batch, seq, tokenIds, segmentIds, taskIds }: Batch, first: number, most: number): Batch {
  const end = Math.min(batch, first + most)
  return {
    batch: end - first,
    seq,
    tokenIds: tokenIds.subarray(first * seq, end * seq),
    segmentIds: segmentIds.subarray(first * seq, end * seq),
    taskIds: taskIds.subarray(first, end)
  }
}

async function infer({ url, columns, taskAxes, output }: Served, { batch, seq, tokenIds, segmentIds, taskIds }: Batch) {
  const tensor = (name: string, shape: number[], values: Int32Array) => ({
    json: { name, datatype: 'INT32', shape, parameters: { binary_data_size: values.byteLength } },
    bytes: littleEndian(values)
  })
  const tensors = [
    tensor('token_ids', [batch, seq], tokenIds),
    tensor('segment_ids', [batch, seq], segmentIds),
    tensor('task_ids', [batch, 1].slice(0, taskAxes), taskIds)
  ]
  const header = Buffer.from(
    JSON.stringify({
      inputs: tensors.map(({ json }) => json),
      outputs: [{ name: output, parameters: { binary_data: true } }]
    })
  )
  const response = await request(`${url}/infer`, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream', [HEADER_LENGTH]: String(header.length) },
    body: Buffer.concat([header, ...tensors.map(({ bytes }) => bytes)])
  })
  await requireSuccess(response)
  const body = await bodyOf(response)
  return outputOf(body, Number(response.headers.get(HEADER_LENGTH) ?? body.length), batch, columns)
}

/** Logits [batch, columns] or vectors [batch, hidden] of a response. Throws `inference-failed`. */
function outputOf(body: Buffer, headerLength: number, batch: number, columns: number): Float32Array {
  const { outputs } = parse(resultSchema, body.subarray(0, headerLength), 'results')
  const output = outputs.find(({ name }) => isOutput(name))
  const size = output?.shape[0] === batch && (output.name === 'vectors' || output.shape[1] === columns)
  const count = size ? output.shape.reduce((product, axis) => product * axis, 1) : 0
  const values = output && valuesOf(output, body.subarray(headerLength))
  if (output?.datatype === 'FP32' && count > 0 && values?.length === count) return values
  throw failure(
    `the server returns ${outputs.map(({ name, datatype, shape }) => `${name} ${datatype} [${shape.join(', ')}]`).join(', ') || 'no outputs'}, not logits FP32 [${batch}, ${columns}] or vectors`
  )
}

function valuesOf({ data, parameters }: OutputTensor, bytes: Buffer): Float32Array | undefined {
  if (data) return Float32Array.from(data)
  if (parameters?.binary_data_size !== bytes.length || bytes.length % 4 !== 0) return undefined
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i))
}

function littleEndian(values: Int32Array): Buffer {
  const bytes = Buffer.alloc(values.byteLength)
  values.forEach((value, i) => bytes.writeInt32LE(value, 4 * i))
  return bytes
}

async function request(url: string, init: RequestInit = {}): Promise<Response> {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(PATIENCE) })
  } catch (cause) {
    const { message, cause: reason } = cause as Error & { cause?: unknown }
    throw failure(`the server does not answer: ${reason instanceof Error ? reason.message || message : message}`, cause)
  }
}

/** Throws `inference-failed` if the connection breaks off. */
async function bodyOf(response: Response): Promise<Buffer> {
  try {
    return Buffer.from(await response.arrayBuffer())
  } catch (cause) {
    const { message, cause: reason } = cause as Error & { cause?: unknown }
    throw failure(`the server's reply broke off: ${reason instanceof Error ? reason.message : message}`, cause)
  }
}

/** JSON from a server. Throws `inference-failed` if it does not match the schema. */
function parse<const S extends v.GenericSchema>(schema: S, body: Buffer, what: string): v.InferOutput<S> {
  const departure = `the server's reply with the model's ${what} does not follow the open inference protocol`
  const text = body.toString()
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw failure(`${departure}: it is not JSON but "${text.slice(0, LONGEST_QUOTE).trim()}"; check the address`, cause)
  }
  const parsed = v.safeParse(schema, json)
  if (parsed.success) return parsed.output
  throw failure(`${departure}: ${describeIssues(parsed.issues)}; check the address`)
}

async function requireSuccess(response: Response, what = ''): Promise<void> {
  if (response.ok) return
  const { status } = response
  const text = (await response.text()).slice(0, LONGEST_QUOTE).trim()
  const reply = `${status}${what && ` for the model's ${what}`}${text && `: ${text}`}`
  if (status === 401 || status === 403)
    throw failure(
      `the server refuses access (${reply}); the SDK sends no credentials, so admit this machine without them`
    )
  if (status === 404) throw failure(`the server has no such model (${reply}); correct its name or version`)
  throw failure(`the server answers ${reply}`)
}

const failure = (text: string, cause?: unknown): MatcherError =>
  new MatcherError('inference-failed', `${text[0]!.toUpperCase()}${text.slice(1)}.`, { cause })
