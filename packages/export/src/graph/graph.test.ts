import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  decodeSafetensors,
  MODEL_ALTERNATIVES,
  parseModelConfig,
  roformer,
  type Dtype,
  type Batch,
  type ParityBatch
} from '@sohu-match/core'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ClnFixture, FIXTURES, randomWeights, readClnFixture } from '@sohu-match/testing'
import { openGraphIn, weightsOf, writeGraphFile } from '../../tools/graph-file'
import { FORMATS } from '../formats'
import type { ActivationBits } from '../formats/format'
import { singleTaskGraph, allTasksGraph } from './graph'
import { graphOps } from './onnx-ops'
import { GraphBuilder } from '../onnx/builder'
import type { Input, Value } from '../onnx/value'
import { parityDifference } from '../measure/parity'
import { openTaskGraph, parityInputs, type GraphRunner } from '../session'

const folder = mkdtempSync(join(tmpdir(), 'export-graph-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** The rows of a batch that are named, in that order, padded with 0 to `length`. */
function rowsOf({ tokenIds, segmentIds, taskIds }: ParityBatch, rows: readonly number[], length: number): Batch {
  const padded = (ids: readonly (readonly number[])[]) =>
    Int32Array.from(rows.flatMap((row) => Array.from({ length }, (_, i) => ids[row]![i] ?? 0)))
  return {
    batch: rows.length,
    seq: length,
    tokenIds: padded(tokenIds),
    segmentIds: padded(segmentIds),
    taskIds: Int32Array.from(rows, (row) => taskIds[row]!)
  }
}

const largest = (a: Float32Array, b: Float32Array) =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0)

describe.skipIf(!existsSync(FIXTURES))('the graph of all tasks, against bert4keras', () => {
  let fixture: ClnFixture
  const graphs: Record<string, GraphRunner> = {}
  const open = async (dtype: Dtype, activationBits: ActivationBits = 8) =>
    (graphs[`${dtype}-${activationBits}`] ??= await openGraphIn(
      folder,
      `cln-${dtype}-${activationBits}`,
      allTasksGraph(fixture.config, weightsOf(fixture.weights), FORMATS[dtype]({ activationBits }))
    ))
  beforeAll(() => {
    fixture = readClnFixture()
  })

  // fp32: rounding of two runtimes. fp16: 11 bits of fraction through two layers. int8, q8: 8 bits of weights (and activations), at
  // weights of 0.2-0.35 and logits up to 5, both much larger than trained ones. q4: 4 bits, 16 levels a block.
  const tolerances = { fp32: 2e-5, fp16: 6e-3, int8: 0.15, q8: 0.15, q4: 1.5 }
  for (const [dtype, tolerance] of Object.entries(tolerances) as [Dtype, number][]) {
    it(`gives the logits of all six tasks within ${tolerance} in ${dtype}`, async () => {
      expect(new Set(fixture.parity[0]!.taskIds).size).toBe(6)
      expect((await parityDifference(await open(dtype), fixture.parity)).outputs).toBeLessThan(tolerance)
    })
  }

  // fp32 sums in another order as seq changes. int8 and q8 quantize each token by itself, so only that rounding is left there; a value
  // that it pushes over a rounding edge moves by one level of 127, with activations of 14 bits by one of 7,938.
  const neighbors = [
    ['fp32', 8, 1e-5],
    ['int8', 8, 1e-2],
    ['int8', 14, 2e-4],
    ['q8', 8, 1e-2]
  ] as const
  for (const [dtype, activationBits, tolerance] of neighbors) {
    it(`gives a pair the same logits within ${tolerance} alone, padded, and beside other tasks in ${dtype}${dtype === 'int8' ? ` with activations of ${activationBits} bits` : ''}`, async () => {
      const graph = await open(dtype, activationBits)
      const batch = fixture.parity[0]!
      const all = await graph.run(parityInputs(batch))
      for (const row of batch.tokenIds.keys()) {
        const length = batch.tokenIds[row]!.findLastIndex((id) => id !== 0) + 1
        const alone = await graph.run(rowsOf(batch, [row], length))
        const padded = await graph.run(rowsOf(batch, [row, (row + 5) % 18], 256))
        expect(largest(alone, all.subarray(2 * row, 2 * row + 2))).toBeLessThan(tolerance)
        expect(largest(alone, padded.subarray(0, 2))).toBeLessThan(tolerance)
      }
    })
  }
})

describe.skipIf(!existsSync(FIXTURES))('the graph without a condition, against bert4keras', () => {
  it('gives the pooled vectors of fixtures/forward', async () => {
    const forward = JSON.parse(readFileSync(join(FIXTURES, 'forward.json'), 'utf8')) as Record<
      'token_ids' | 'segment_ids' | 'pooled_masked_mean',
      number[][]
    >
    const weights = huggingFaceWeights()
    const config = parseModelConfig({
      vocab_size: 600,
      hidden_size: 32,
      num_hidden_layers: 2,
      num_attention_heads: 4,
      intermediate_size: 64,
      conditioning: 'none'
    })
    const build = new GraphBuilder()
    const input = (name: string): Input => ({ kind: 'input', name, type: 'int32', shape: ['batch', 'seq'] })
    const [tokenIds, segmentIds] = [input('token_ids'), input('segment_ids')]
    const ops = graphOps(build, {
      config,
      format: FORMATS.fp32(),
      read: (name) => weights.get(name) ?? new Float32Array(64)
    })
    const pooled: Value[] = []
    const maskedMean = (x: Value, mask: Value) => pooled[pooled.push(ops.maskedMean(x, mask)) - 1]!
    roformer({ ...ops, maskedMean }, config, { tokenIds, segmentIds, taskIds: tokenIds })
    const path = writeGraphFile(folder, 'forward', {
      name: 'pooled',
      inputs: [tokenIds, segmentIds],
      outputs: [{ name: 'pooled', value: pooled[0]!, shape: ['batch', 32] }]
    })
    const session = await InferenceSession.create(path)
    const ids = (rows: number[][]) => new Tensor('int32', Int32Array.from(rows.flat()), [rows.length, rows[0]!.length])
    const result = await session.run({ token_ids: ids(forward.token_ids), segment_ids: ids(forward.segment_ids) })
    // The fixture's own tolerance for pooled vectors: float32 rounding of two implementations, with a margin.
    expect(
      largest(result['pooled']!.data as Float32Array, Float32Array.from(forward.pooled_masked_mean.flat()))
    ).toBeLessThan(2e-5)
  })
})

const base = {
  vocab_size: 50,
  hidden_size: 16,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 32,
  condition_size: 4
}

const batch: Batch = {
  batch: 2,
  seq: 5,
  tokenIds: Int32Array.of(2, 9, 3, 8, 3, 2, 7, 3, 0, 0),
  segmentIds: Int32Array.of(0, 0, 0, 1, 1, 0, 0, 0, 0, 0),
  taskIds: Int32Array.of(4, 1)
}

describe('switches of the network', () => {
  for (const change of MODEL_ALTERNATIVES) {
    it(`exports ${JSON.stringify(change)} in fp32, fp16, int8, q8 and q4 alike`, async () => {
      const config = parseModelConfig({ ...base, ...change })
      const read = weightsOf(randomWeights(config, 3))
      const logits: Partial<Record<Dtype, Float32Array>> = {}
      for (const dtype of ['fp32', 'fp16', 'int8', 'q8', 'q4'] as const) {
        const graph = await openGraphIn(
          folder,
          `${JSON.stringify(change).replace(/\W/g, '')}-${dtype}`,
          allTasksGraph(config, read, FORMATS[dtype]())
        )
        logits[dtype] = await graph.run(batch)
      }
      // Random weights of unit gain: one layer of half precision, of 8 bits, of 4 bits.
      expect(largest(logits.fp16!, logits.fp32!)).toBeLessThan(1e-2)
      expect(largest(logits.int8!, logits.fp32!)).toBeLessThan(0.1)
      expect(largest(logits.q8!, logits.fp32!)).toBeLessThan(0.1)
      expect(largest(logits.q4!, logits.fp32!)).toBeLessThan(1.5)
      expect(largest(logits.fp32!.subarray(0, 2), logits.fp32!.subarray(2))).toBeGreaterThan(1e-3)
    })
  }
})

/** Nodes from a value back to where position 0 is taken, along first inputs. */
function stepsToSlice(value: Value): number {
  return value.kind !== 'output' || value.node.op === 'Slice' ? 0 : 1 + stepsToSlice(value.node.inputs[0]!)
}

describe('a graph that pools [CLS]', () => {
  const batch = {
    batch: 2,
    seq: 5,
    tokenIds: Int32Array.of(2, 9, 3, 8, 3, 2, 7, 3, 0, 0),
    segmentIds: new Int32Array(10),
    taskIds: Int32Array.of(4, 1)
  }
  const base = {
    vocab_size: 50,
    hidden_size: 16,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    intermediate_size: 32,
    condition_size: 4,
    pooling: 'cls',
    architecture: 'bi-encoder'
  }
  for (const change of [{}, { position_embedding_type: 'absolute' }, { norm_position: 'pre' }]) {
    it(`computes its last layer at position 0 alone, with the same numbers, for ${JSON.stringify(change)}`, async () => {
      const config = parseModelConfig({ ...base, ...change })
      const read = weightsOf(randomWeights(config, 5))
      for (const [dtype, activationBits] of [
        ['fp32', 8],
        ['int8', 8],
        ['int8', 14]
      ] as const) {
        const format = () => FORMATS[dtype]({ activationBits })
        const build = new GraphBuilder()
        const ids = (name: string, shape: string[]): Input => ({ kind: 'input', name, type: 'int32', shape })
        const inputs = {
          tokenIds: ids('token_ids', ['batch', 'seq']),
          segmentIds: ids('segment_ids', ['batch', 'seq']),
          taskIds: ids('task_ids', ['batch'])
        }
        const ops = graphOps(build, { config, format: format(), read })
        const value = roformer({ ...ops, onlyFirst: (x) => x }, config, inputs)
        const whole = await openGraphIn(folder, `whole-${dtype}-${activationBits}`, {
          name: 'whole',
          inputs: Object.values(inputs),
          outputs: [{ name: 'vectors', value, shape: ['batch', 16] }]
        })
        const graph = allTasksGraph(config, read, format())
        const first = await openGraphIn(folder, `first-${dtype}-${activationBits}`, graph)
        expect(stepsToSlice(graph.outputs[0]!.value)).toBeGreaterThan(stepsToSlice(value) + 3)
        expect(largest(await first.run(batch), await whole.run(batch))).toBeLessThan(1e-6)
      }
    })
  }
})

describe('the graph of one task', () => {
  for (const change of [{}, { heads: 'per-task' }, { conditioning: 'input-embedding' }, { conditioning: 'none' }]) {
    it(`gives what the graph of all tasks gives for ${JSON.stringify(change)}`, async () => {
      const config = parseModelConfig({ ...base, ...change })
      const read = weightsOf(randomWeights(config, 4))
      const batch = {
        batch: 2,
        seq: 4,
        tokenIds: Int32Array.of(2, 9, 8, 3, 2, 7, 3, 0),
        segmentIds: Int32Array.of(0, 0, 1, 1, 0, 1, 1, 0),
        taskIds: Int32Array.of(3, 3)
      }
      const all = await openGraphIn(folder, 'all-tasks', allTasksGraph(config, read, FORMATS.fp32()))
      const one = await openTaskGraph(
        writeGraphFile(folder, 'one-task', singleTaskGraph(config, read, FORMATS.fp32(), 3))
      )
      // The task's table folded into the norms rounds otherwise.
      expect(largest(await one.run(batch), await all.run(batch))).toBeLessThan(1e-5)
    })
  }
})

/** `roformer-tiny-hf` under our names: Hugging Face keeps [out, in], and calls gamma and beta weight and bias. */
function huggingFaceWeights(): Map<string, Float32Array> {
  const tensors = decodeSafetensors(
    readFileSync(join(FIXTURES, 'roformer-tiny-hf/model.safetensors')),
    'model.safetensors'
  )
  const weights = new Map<string, Float32Array>()
  const rename: [RegExp, string][] = [
    [/^roformer\./, ''],
    [/^encoder\./, ''],
    [/embeddings\.word_embeddings\.weight/, 'embeddings.word'],
    [/embeddings\.token_type_embeddings\.weight/, 'embeddings.segment'],
    [/attention\.self\./, 'attention.'],
    [/attention\.output\.dense/, 'attention.output'],
    [/attention\.output\.LayerNorm/, 'attention.norm'],
    [/intermediate\.dense/, 'ffn.in'],
    [/(\d)\.output\.dense/, '$1.ffn.out'],
    [/(\d)\.output\.LayerNorm/, '$1.ffn.norm'],
    [/LayerNorm/, 'norm'],
    [/norm\.weight/, 'norm.gamma'],
    [/norm\.bias/, 'norm.beta'],
    [/\.weight$/, '.kernel']
  ]
  for (const [name, { shape, data }] of tensors) {
    const ours = rename.reduce((text, [from, to]) => text.replace(from, to), name)
    const columns = shape[1] ?? 1
    const transposed = () =>
      Float32Array.from({ length: data.length }, (_, i) => data[(i % shape[0]!) * columns + Math.floor(i / shape[0]!)]!)
    weights.set(ours, ours.endsWith('.kernel') ? transposed() : data)
  }
  return weights
}
