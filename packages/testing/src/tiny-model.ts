import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compileDictionary, createTokenizer, encodePairs, SOHU_TASKS, TASKS, type Pair } from '@sohu-match/core'

const FLOAT = 1
const INT32 = 6
const INT64 = 7

/** A protobuf field with a length: a message, a string or bytes. */
function field(number: number, ...parts: (Uint8Array | string)[]): Uint8Array {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as string)))
  return Buffer.concat([varint(number * 8 + 2), varint(body.length), body])
}

function integer(number: number, value: number): Uint8Array {
  return Buffer.concat([varint(number * 8), varint(value)])
}

function varint(value: number): Uint8Array {
  const bytes: number[] = []
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) + 128)
  return Uint8Array.of(...bytes, value)
}

const node = (
  type: string,
  inputs: string[],
  output: string,
  attribute?: readonly [name: string, value: number]
): Uint8Array =>
  field(
    1,
    ...inputs.map((name) => field(1, name)),
    field(2, output),
    field(4, type),
    ...(attribute ? [field(5, field(1, attribute[0]), integer(3, attribute[1]), integer(20, 2))] : [])
  )

const value = (number: number, name: string, type: number, dims: string[]): Uint8Array =>
  field(
    number,
    field(1, name),
    field(2, field(1, integer(1, type), field(2, ...dims.map((dim) => field(1, field(2, dim))))))
  )

const constant = (name: string, type: number, data: ArrayBufferView, dims: number[]): Uint8Array =>
  field(
    5,
    ...dims.map((dim) => integer(1, dim)),
    integer(2, type),
    field(8, name),
    field(9, new Uint8Array(data.buffer))
  )

/** An ONNX graph with a model's inputs and outputs that computes `tinyLogits`: in whole numbers until the last step, so exactly. */
export function tinyGraph(): Uint8Array {
  const graph = field(
    7,
    node('Cast', ['token_ids'], 'tokens', ['to', FLOAT]),
    node('Cast', ['segment_ids'], 'segments', ['to', FLOAT]),
    node('Cast', ['task_ids'], 'tasks', ['to', FLOAT]),
    node('Add', ['segments', 'one'], 'weights'),
    node('Mul', ['tokens', 'weights'], 'weighted'),
    node('ReduceSum', ['weighted', 'axis'], 'sum'),
    node('Mul', ['sum', 'small'], 'angle'),
    node('Unsqueeze', ['tasks', 'axis'], 'column'),
    node('Add', ['angle', 'column'], 'shifted'),
    node('Sin', ['shifted'], 'no'),
    node('Cos', ['angle'], 'yes'),
    node('Concat', ['no', 'yes'], 'logits', ['axis', 1]),
    field(2, 'tiny'),
    constant('one', FLOAT, Float32Array.of(1), []),
    constant('small', FLOAT, Float32Array.of(0.001), []),
    constant('axis', INT64, BigInt64Array.of(1n), [1]),
    value(11, 'token_ids', INT32, ['batch', 'seq']),
    value(11, 'segment_ids', INT32, ['batch', 'seq']),
    value(11, 'task_ids', INT32, ['batch']),
    value(12, 'logits', FLOAT, ['batch', 'two'])
  )
  return Buffer.concat([integer(1, 8), graph, field(8, field(1, ''), integer(2, 17))])
}

/** The logits of `tinyGraph` for one row. */
export function tinyLogits(tokenIds: Int32Array, segmentIds: Int32Array, task: number): [number, number] {
  const sum = tokenIds.reduce((total, id, i) => total + id * (1 + segmentIds[i]!), 0)
  return [Math.sin(sum * 0.001 + task), Math.cos(sum * 0.001)]
}

/** Letters of the tiny vocabulary. */
export const LETTERS = '今天明气很好不的是一abcdefghijklmnopqrstuvwxyz0123456789'

/** vocab.txt of the tiny model. */
export const TINY_VOCAB = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '今天', ...LETTERS].join('\n')

/** dictionary.bin of the tiny model: a few words. */
export const TINY_DICTIONARY = compileDictionary('今天 100\n明天 90\n天气 80')

export const TINY_TOKENIZER = createTokenizer(TINY_VOCAB, TINY_DICTIONARY)

/** The logits of the tiny model for a pair. */
export function tinyPairLogits({ a, b, task }: Pair): [number, number] {
  const [one] = encodePairs(TINY_TOKENIZER, [{ a, b }], { maxLength: 64, truncation: 'longest-first' })
  return tinyLogits(one!.tokenIds, one!.segmentIds, TASKS.indexOf(task))
}

/** Writes a model folder with the tiny graph as fp32 and int8; `change` edits the manifest before it is written. Returns the folder's path. */
export function writeTinyModel(change: (manifest: Record<string, unknown>) => void = () => undefined): string {
  const folder = mkdtempSync(join(tmpdir(), 'sdk-node-model-'))
  mkdirSync(join(folder, 'onnx'))
  const contents: Record<string, Uint8Array> = {
    'onnx/model.onnx': tinyGraph(),
    'onnx/model_int8.onnx': tinyGraph(),
    'vocab.txt': Buffer.from(TINY_VOCAB),
    'dictionary.bin': TINY_DICTIONARY
  }
  for (const [path, bytes] of Object.entries(contents)) writeFileSync(join(folder, path), bytes)
  const manifest = {
    format: 1,
    name: 'tiny',
    tasks: SOHU_TASKS.map((task) => ({ ...task, threshold: 0.5 })),
    maxLength: 64,
    tokenizer: { vocab: 'vocab.txt', dictionary: 'dictionary.bin', lowercase: true },
    graphs: { fp32: { file: 'onnx/model.onnx', opset: 17 }, int8: { file: 'onnx/model_int8.onnx', opset: 17 } },
    files: Object.fromEntries(
      Object.entries(contents).map(([path, bytes]) => [
        path,
        { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
      ])
    )
  }
  change(manifest)
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest))
  return folder
}
