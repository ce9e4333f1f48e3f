import { fitOneBatch, padBatch } from './batch'
import { encodePairs } from './encode'
import type { Batch, EncodedPair, EncodePolicy, Engine, TextInput } from './engine'
import { DTYPES } from '../dtype'
import { parseManifest, type Manifest } from '../formats/manifest'
import type { EngineInfo } from '../matcher/matcher'
import { SOHU_TASKS } from '../tasks'
import type { Tokenizer } from '../tokenizer/tokenizer'

/** One token a UTF-16 unit; [CLS] 1, [SEP] 2. */
export const fakeTokenizer: Pick<Tokenizer, 'ids' | 'vocab'> = {
  vocab: { ids: new Map(), tokens: [], padId: 0, unknownId: 3, startId: 1, separatorId: 2, longest: 1 },
  ids: (text, limit = Infinity) => Int32Array.from(text.slice(0, limit), (letter) => letter.charCodeAt(0))
}

/** Logits that depend on every token, its place and segment, and the task: what a mixed-up batch would get wrong. */
export function fakeLogits(tokenIds: ArrayLike<number>, segmentIds: ArrayLike<number>, task: number): [number, number] {
  let hash = task + 1
  for (let i = 0; i < tokenIds.length; i++)
    if (tokenIds[i] !== 0) hash = (hash * 31 + tokenIds[i]! * 7 + segmentIds[i]! * 3 + i) % 10_007
  return [hash / 10_007, 1 - (hash % 97) / 97].map(Math.fround) as [number, number]
}

/** An engine in the same thread, with a log of what it was asked; `delay` is awaited before each batch. */
export interface FakeEngine extends Engine {
  readonly batches: Batch[]
  readonly encoded: string[]
  /** Which of its methods were called, in order. */
  readonly asked: ('encode' | 'encodeAndRun' | 'run')[]
  running: number
  most: number
  disposed: number
}

export function createFakeEngine(delay: (batch: Batch) => Promise<void> | void = () => undefined): FakeEngine {
  const engine: FakeEngine = {
    batches: [],
    encoded: [],
    asked: [],
    running: 0,
    most: 0,
    disposed: 0,
    async encode(pairs, policy) {
      engine.asked.push('encode')
      return encode(pairs, policy)
    },
    async encodeAndRun(pairs, policy, limits) {
      engine.asked.push('encodeAndRun')
      const encoded = await encode(pairs, policy)
      if (
        !fitOneBatch(
          encoded.map(({ tokenIds }) => tokenIds.length),
          limits
        )
      )
        return { pairs: encoded }
      return {
        pairs: encoded,
        outputs: await run(padBatch(encoded.map((one) => ({ ...one, taskId: pairs[one.pair]!.taskId }))))
      }
    },
    async run(batch) {
      engine.asked.push('run')
      return run(batch)
    },
    health: () => ({ workers: 2, crashes: 0 }),
    async dispose() {
      engine.disposed++
    }
  }

  async function encode(pairs: readonly TextInput[], policy: EncodePolicy): Promise<EncodedPair[]> {
    engine.encoded.push(...pairs.map(({ a }) => a))
    await Promise.resolve()
    return encodePairs(fakeTokenizer, pairs, policy)
  }

  async function run(batch: Batch): Promise<Float32Array> {
    engine.batches.push(batch)
    engine.most = Math.max(engine.most, ++engine.running)
    try {
      await delay(batch)
    } finally {
      engine.running--
    }
    const row = (ids: Int32Array, i: number): Int32Array => ids.subarray(i * batch.seq, (i + 1) * batch.seq)
    return Float32Array.from(
      [...batch.taskIds].flatMap((task, i) => fakeLogits(row(batch.tokenIds, i), row(batch.segmentIds, i), task))
    )
  }
  return engine
}

const hash = '0'.repeat(64)

/** A manifest of the six tasks, thresholds 0.1 to 0.6, all dtypes. */
export function fakeManifest(changes: Record<string, unknown> = {}): Manifest {
  const file = { bytes: 1, sha256: hash }
  return parseManifest({
    format: 1,
    name: 'fake',
    maxLength: 64,
    tasks: SOHU_TASKS.map((task) => ({ ...task, threshold: (task.id + 1) / 10 })),
    tokenizer: { vocab: 'vocab.txt', dictionary: 'dictionary.bin', lowercase: true },
    graphs: Object.fromEntries(DTYPES.map((dtype) => [dtype, { file: `onnx/${dtype}.onnx`, opset: 17 }])),
    files: Object.fromEntries(
      ['vocab.txt', 'dictionary.bin', ...DTYPES.map((dtype) => `onnx/${dtype}.onnx`)].map((path) => [path, file])
    ),
    ...changes
  })
}

/** What an SDK would have found: the CPU, two workers. */
export const fakeInfo: EngineInfo = {
  device: 'cpu',
  dtype: 'fp32',
  modelHash: hash,
  reasons: [{ device: 'cpu', taken: true, reason: 'named' }],
  workers: 2,
  threads: 1,
  versions: {}
}
