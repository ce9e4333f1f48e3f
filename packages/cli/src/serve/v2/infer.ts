import { MatcherError, type MatchResult } from '@sohu-match/sdk-node'
import { taskOf, type RouteContext } from '../routes'
import { readTexts, tensorBytes, type InputTensor, type OutputTensor } from './tensors'

/** Body of an inference request, checked by Fastify against its schema. */
export interface InferBody {
  readonly id?: string
  readonly parameters?: { readonly task?: string; readonly binary_data_output?: boolean }
  readonly inputs: readonly InputTensor[]
  readonly outputs?: readonly RequestedOutput[]
  /** The bytes after the JSON. */
  readonly binary: Buffer
}

interface RequestedOutput {
  readonly name: string
  readonly parameters?: Readonly<Record<string, unknown>> & { readonly binary_data?: boolean }
}

/** A response: JSON, then the bytes of tensors requested in binary form; undefined if there are none. */
export interface InferAnswer {
  readonly json: object
  readonly binary: Buffer | undefined
}

/** The inputs of every model: two texts for each pair. */
export const INPUTS = [
  { name: 'a', datatype: 'BYTES', shape: [-1] },
  { name: 'b', datatype: 'BYTES', shape: [-1] }
] as const

type Column = Pick<OutputTensor, 'datatype'> & {
  readonly shape: readonly number[]
  readonly values: (result: MatchResult<string>) => readonly (number | boolean)[]
}

/** The outputs of every model, by name: the fields of a match result, scores in 64 bits as in the SDK. */
const COLUMNS = {
  score: { datatype: 'FP64', shape: [-1], values: ({ score }) => [score] },
  label: { datatype: 'INT32', shape: [-1], values: ({ label }) => [label] },
  logits: { datatype: 'FP64', shape: [-1, 2], values: ({ logits }) => logits },
  token_count: { datatype: 'INT32', shape: [-1], values: ({ tokenCount }) => [tokenCount] },
  truncated: { datatype: 'BOOL', shape: [-1], values: ({ truncated }) => [truncated] }
} as const satisfies Readonly<Record<string, Column>>

export const OUTPUTS = Object.entries(COLUMNS).map(([name, { datatype, shape }]) => ({ name, datatype, shape }))

/** Parameters of an output that would change the meaning of its bytes. */
const UNSUPPORTED = ['classification', 'shared_memory_region']

/** POST …/infer. Throws as `judge`, `input-invalid`, and refusals (400) of anything but a pair of BYTES tensors. */
export async function infer(body: InferBody, version: string, context: RouteContext): Promise<InferAnswer> {
  const wanted = requestedOutputs(body)
  const task = taskOf(body.parameters?.task, context)
  const pairs = readPairs(body).map((pair) => ({ ...pair, task }))
  const results = await context.judge(pairs)
  const parts: Buffer[] = []
  const outputs = wanted.map(({ name, isBinary }) => {
    const { data, ...tensor } = outputTensor(name, results)
    if (!isBinary) return { ...tensor, data }
    const bytes = tensorBytes({ ...tensor, data })
    parts.push(bytes)
    return { ...tensor, parameters: { binary_data_size: bytes.length } }
  })
  const { id } = body
  const json = { model_name: context.model, model_version: version, ...(id !== undefined && { id }), outputs }
  return { json, binary: wanted.some(({ isBinary }) => isBinary) ? Buffer.concat(parts) : undefined }
}

function readPairs({ inputs, binary }: InferBody): { a: string; b: string }[] {
  const texts = readTexts(inputs, binary)
  const unknown = [...texts.keys()].find((name) => !INPUTS.some((input) => input.name === name))
  if (unknown !== undefined) throw invalid(`There is no input "${unknown}"; the inputs are a and b.`)
  const [a, b] = [texts.get('a'), texts.get('b')]
  if (!a || !b) throw invalid(`The input "${a ? 'b' : 'a'}" is missing; the inputs are a and b.`)
  if (a.length !== b.length)
    throw invalid(`There are ${a.length} texts in a and ${b.length} in b; each is one of a pair.`)
  return a.map((text, i) => ({ a: text, b: b[i]! }))
}

/** The outputs of a request, by default all, and whether each is requested as bytes. */
function requestedOutputs({ outputs, parameters }: InferBody): { name: keyof typeof COLUMNS; isBinary: boolean }[] {
  const isBinary = parameters?.binary_data_output ?? false
  const named = outputs?.length ? outputs : OUTPUTS.map(({ name }): RequestedOutput => ({ name }))
  const seen = new Set<string>() // without it, a small request could ask for gigabytes
  return named.map(({ name, parameters = {} }) => {
    if (seen.has(name)) throw invalid(`The output "${name}" is named twice.`)
    seen.add(name)
    if (!Object.hasOwn(COLUMNS, name))
      throw invalid(`There is no output "${name}"; the outputs are ${Object.keys(COLUMNS).join(', ')}.`)
    const unsupported = UNSUPPORTED.find((one) => Object.hasOwn(parameters, one))
    if (unsupported) throw invalid(`The output "${name}" is asked for with "${unsupported}", which is not supported.`)
    return { name: name as keyof typeof COLUMNS, isBinary: parameters.binary_data ?? isBinary }
  })
}

function outputTensor(name: keyof typeof COLUMNS, results: readonly MatchResult<string>[]): OutputTensor {
  const { datatype, shape, values }: Column = COLUMNS[name]
  return {
    name,
    datatype,
    shape: [results.length, ...shape.slice(1)],
    data: results.flatMap((result) => values(result))
  }
}

function invalid(message: string): MatcherError {
  return new MatcherError('input-invalid', message)
}
