import { MatcherError } from '../errors'
import { bytesOf, DTYPE_BYTES, isDtype, widen, type SafetensorsDtype } from './tensor-dtypes'

/** Row-major. */
export interface Tensor {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

export interface NamedTensor extends Tensor {
  readonly name: string
}

/** `begin` and `end` are bytes from the start of the file. */
export interface TensorEntry {
  readonly name: string
  readonly dtype: SafetensorsDtype
  readonly shape: readonly number[]
  readonly begin: number
  readonly end: number
}

/** Tensors in file order. */
export interface SafetensorsHeader {
  readonly metadata: Readonly<Record<string, string>>
  readonly tensors: readonly TensorEntry[]
}

/** The format's own limit on the JSON header, in bytes (huggingface/safetensors, `MAX_HEADER_SIZE`). */
const MAX_HEADER_BYTES = 100_000_000

/**
 * Bytes before the first value: the length (8) and the JSON header. `start` has 8 bytes. Throws `checkpoint-invalid`.
 */
export function safetensorsDataStart(start: Uint8Array, fileSize: number, source: string): number {
  if (fileSize < 8 || start.length < 8)
    throw invalid(source, `the file has ${fileSize} bytes, and a safetensors file has at least 8`)
  const length = Number(new DataView(start.buffer, start.byteOffset, 8).getBigUint64(0, true))
  if (length > MAX_HEADER_BYTES || 8 + length > fileSize) {
    throw invalid(
      source,
      `its header claims ${length} bytes, and the file has ${fileSize} (a header may have ${MAX_HEADER_BYTES})`
    )
  }
  return 8 + length
}

/**
 * Reads only the header, so that a large file can be streamed: `start` has at least `safetensorsDataStart` bytes,
 * `fileSize` is the whole file's. Checks that every tensor's bytes fit its shape and fill the file without overlap or
 * gap. Throws `checkpoint-invalid`.
 */
export function parseSafetensorsHeader(start: Uint8Array, fileSize: number, source: string): SafetensorsHeader {
  const dataStart = safetensorsDataStart(start, fileSize, source)
  if (start.length < dataStart)
    throw invalid(source, `its header needs ${dataStart} bytes, and ${start.length} were read`)
  const { __metadata__: metadata = {}, ...entries } = headerJson(start.subarray(8, dataStart), source)
  if (!isRecord(metadata) || Object.values(metadata).some((value) => typeof value !== 'string')) {
    throw invalid(source, '"__metadata__" is not an object of strings')
  }
  const tensors = Object.entries(entries).map(([name, entry]) => parseEntry(name, entry, dataStart, source))
  tensors.sort((one, other) => one.begin - other.begin || one.end - other.end)
  let end = dataStart
  for (const tensor of tensors) {
    if (tensor.begin !== end) {
      throw invalid(
        source,
        `tensor "${tensor.name}" starts at byte ${tensor.begin} where ${end} was due (a gap or an overlap)`
      )
    }
    end = tensor.end
  }
  if (end !== fileSize) throw invalid(source, `its tensors end at byte ${end}, and the file has ${fileSize}`)
  return { metadata: metadata as Record<string, string>, tensors }
}

/**
 * F16 and BF16 are widened, F64 and integers are rounded to float32 (integers beyond 2^24 lose digits). An F32 tensor
 * shares the memory of `bytes` if it is aligned. Throws `checkpoint-invalid`.
 */
export function decodeSafetensors(bytes: Uint8Array, source: string): Map<string, Tensor> {
  const { tensors } = parseSafetensorsHeader(bytes, bytes.length, source)
  return new Map(tensors.map((entry) => [entry.name, decodeTensor(entry, bytes.subarray(entry.begin, entry.end))]))
}

/** Decodes one tensor from its bytes, for files that are streamed. */
export function decodeTensor(entry: Pick<TensorEntry, 'dtype' | 'shape'>, bytes: Uint8Array): Tensor {
  return { shape: entry.shape, data: widen(entry.dtype, bytes) }
}

/** The bytes before the values of float32 tensors in that order; a multiple of 8. */
export function encodeSafetensorsHeader(
  tensors: readonly { readonly name: string; readonly shape: readonly number[] }[],
  metadata?: Readonly<Record<string, string>>
): Uint8Array {
  if (
    new Set(tensors.map((tensor) => tensor.name)).size !== tensors.length ||
    tensors.some((tensor) => tensor.name === '__metadata__')
  ) {
    throw new MatcherError(
      'checkpoint-invalid',
      'Tensors to be written together need distinct names, none of them "__metadata__".'
    )
  }
  let end = 0
  const parts = metadata ? [`"__metadata__":${JSON.stringify(metadata)}`] : []
  for (const { name, shape } of tensors) {
    const begin = end
    end += 4 * elementCount(shape)
    parts.push(`${JSON.stringify(name)}:{"dtype":"F32","shape":[${shape.join(',')}],"data_offsets":[${begin},${end}]}`)
  }
  const json = new TextEncoder().encode(`{${parts.join(',')}}`)
  const length = Math.ceil(json.length / 8) * 8
  const header = new Uint8Array(8 + length).fill(0x20) // the format pads with spaces
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true)
  header.set(json, 8)
  return header
}

/** Float32 tensors in the given order; deterministic. Throws `checkpoint-invalid` if shape and values disagree. */
export function encodeSafetensors(
  tensors: readonly NamedTensor[],
  metadata?: Readonly<Record<string, string>>
): Uint8Array {
  for (const { name, shape, data } of tensors) {
    if (elementCount(shape) !== data.length) {
      throw new MatcherError(
        'checkpoint-invalid',
        `Tensor "${name}" has ${data.length} values, and its shape [${shape.join(', ')}] wants ${elementCount(shape)}.`
      )
    }
  }
  const header = encodeSafetensorsHeader(tensors, metadata)
  const bytes = new Uint8Array(tensors.reduce((sum, tensor) => sum + 4 * tensor.data.length, header.length))
  bytes.set(header)
  let offset = header.length
  for (const { data } of tensors) {
    bytes.set(bytesOf(data), offset)
    offset += 4 * data.length
  }
  return bytes
}

function headerJson(bytes: Uint8Array, source: string): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (isRecord(json)) return json
  } catch (cause) {
    throw invalid(source, `its header is not JSON (${(cause as Error).message})`, cause)
  }
  throw invalid(source, 'its header is not a JSON object')
}

function parseEntry(name: string, entry: unknown, dataStart: number, source: string): TensorEntry {
  const { dtype, shape, data_offsets: offsets } = isRecord(entry) ? entry : {}
  if (!isDtype(dtype))
    throw invalid(
      source,
      `tensor "${name}" has dtype ${JSON.stringify(dtype)}, not one of ${Object.keys(DTYPE_BYTES).join(', ')}`
    )
  if (!isSizes(shape)) throw invalid(source, `tensor "${name}" has the shape ${JSON.stringify(shape)}`)
  if (!isSizes(offsets) || offsets.length !== 2)
    throw invalid(source, `tensor "${name}" has the offsets ${JSON.stringify(offsets)}`)
  const [begin, end] = offsets as [number, number]
  const wanted = elementCount(shape) * DTYPE_BYTES[dtype]
  if (end - begin !== wanted) {
    throw invalid(
      source,
      `tensor "${name}" has ${end - begin} bytes, and ${dtype} [${shape.join(', ')}] wants ${wanted}`
    )
  }
  return { name, dtype, shape, begin: dataStart + begin, end: dataStart + end }
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(source: string, found: string, cause?: unknown): MatcherError {
  return new MatcherError(
    'checkpoint-invalid',
    `${source} cannot be read as safetensors: ${found}. Make or copy the file again.`,
    { cause }
  )
}
