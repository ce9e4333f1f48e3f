import { refusal } from '../errors'

/** An input tensor; its elements are in `data`, or after the JSON if there is a `binary_data_size`. */
export interface InputTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly datatype: string
  readonly parameters?: { readonly binary_data_size?: number }
  readonly data?: readonly unknown[]
}

/** Elements are in row-major order. */
export interface OutputTensor {
  readonly name: string
  readonly datatype: keyof typeof ELEMENTS
  readonly shape: readonly number[]
  readonly data: readonly (number | boolean)[]
}

/** Bytes of an element, and its little-endian writer. */
const ELEMENTS = {
  FP64: { bytes: 8, write: (to: Buffer, value: number, at: number) => to.writeDoubleLE(value, at) },
  INT32: { bytes: 4, write: (to: Buffer, value: number, at: number) => to.writeInt32LE(value, at) },
  BOOL: { bytes: 1, write: (to: Buffer, value: number, at: number) => to.writeUInt8(value, at) }
} as const

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Texts of BYTES tensors of shape [n] or [n, 1], by name. `binary` follows the JSON in the body: each element's length
 * in bytes as an unsigned 32-bit integer, little-endian, then its bytes. Throws a refusal (400) for anything else.
 */
export function readTexts(inputs: readonly InputTensor[], binary: Buffer): ReadonlyMap<string, readonly string[]> {
  const texts = new Map<string, readonly string[]>()
  let offset = 0
  for (const input of inputs) {
    const { name, datatype, shape, parameters } = input
    if (texts.has(name)) throw invalid(`There are two inputs "${name}".`)
    if (datatype !== 'BYTES') throw invalid(`The input "${name}" is ${datatype}; it must be BYTES, texts in UTF-8.`)
    if (shape.length === 0 || shape.length > 2 || (shape[1] ?? 1) !== 1)
      throw invalid(`The input "${name}" has the shape [${shape.join()}]; it must be [n] or [n, 1].`)
    const size = parameters?.binary_data_size
    const elements = size === undefined ? jsonTexts(input) : binaryTexts(name, binary, offset, size)
    offset += size ?? 0
    if (elements.length !== shape[0])
      throw invalid(`The input "${name}" has the shape [${shape.join()}] and ${elements.length} elements.`)
    texts.set(name, elements)
  }
  if (offset !== binary.length)
    throw invalid(`${binary.length} bytes follow the JSON, but the inputs claim ${offset} ("binary_data_size").`)
  return texts
}

function jsonTexts({ name, data }: InputTensor): readonly string[] {
  if (data === undefined) throw invalid(`The input "${name}" has neither "data" nor "binary_data_size".`)
  const elements = data.flat() // [["x"], ["y"]] is allowed for the shape [2, 1]
  if (!elements.every((element) => typeof element === 'string'))
    throw invalid(`The "data" of the input "${name}" must be strings.`)
  return elements
}

function binaryTexts(name: string, binary: Buffer, start: number, size: number): readonly string[] {
  const end = start + size
  if (end > binary.length) throw invalid(`The input "${name}" claims ${size} bytes, more than follow the JSON.`)
  const elements: string[] = []
  for (let at = start; at < end;) {
    const from = at + 4
    const length = from <= end ? binary.readUInt32LE(at) : Infinity
    if (from + length > end) throw invalid(`Element ${elements.length} of the input "${name}" is cut off.`)
    at = from + length
    elements.push(decode(name, elements.length, binary.subarray(from, at)))
  }
  return elements
}

function decode(name: string, index: number, bytes: Buffer): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw invalid(`Element ${index} of the input "${name}" is not UTF-8.`)
  }
}

export function tensorBytes({ datatype, data }: OutputTensor): Buffer {
  const { bytes, write } = ELEMENTS[datatype]
  const buffer = Buffer.allocUnsafe(bytes * data.length) // every byte is written below
  data.forEach((value, i) => write(buffer, Number(value), bytes * i))
  return buffer
}

function invalid(message: string): Error {
  return refusal(400, 'input-invalid', message)
}
