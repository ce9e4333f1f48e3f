import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTokenizer, encodePairs, TASKS, type Pair, type Tokenizer } from '@sohu-match/core'
import fc from 'fast-check'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exportModel } from '@sohu-match/export'
import { consistentCheckpoint } from '@sohu-match/export/testing'
import { SMALL_VOCAB } from '@sohu-match/testing'
import { createMatcherIn } from './create-matcher'
import { testSurroundings } from './create-matcher.fixtures'
import type { MatcherOptions } from './options'

/** Another batch sums in another order; in int8 a value that this pushes over a rounding edge moves by one level of 127 (export's graph.test.ts). */
const SPREADS = { fp32: 1e-5, int8: 2.5e-3 } as const

const root = mkdtempSync(join(tmpdir(), 'sdk-node-real-'))
const model = join(root, 'model')
let tokenizer: Tokenizer

beforeAll(async () => {
  const checkpoint = await consistentCheckpoint(join(root, 'checkpoint'))
  await exportModel({ checkpoint, out: model, dtypes: ['fp32', 'int8'], name: 'small', force: false, latency: false })
  tokenizer = createTokenizer(
    readFileSync(join(model, 'vocab.txt'), 'utf8'),
    readFileSync(join(model, 'dictionary.bin'))
  )
}, 120_000)
afterAll(() => rmSync(root, { recursive: true }))

async function create(options: Partial<MatcherOptions>) {
  return createMatcherIn(testSurroundings(), { model, device: 'cpu', threads: 1, ...options })
}

/** P(match) that a raw session gives a pair alone, on ready token ids. */
async function rawScore(session: InferenceSession, { a, b, task }: Pair, maxLength: number): Promise<number> {
  const { tokenIds, segmentIds } = encodePairs(tokenizer, [{ a, b }], { maxLength, truncation: 'longest-first' })[0]!
  const ids = (data: Int32Array): Tensor => new Tensor('int32', data.slice(), [1, data.length])
  const { logits } = await session.run({
    token_ids: ids(tokenIds),
    segment_ids: ids(segmentIds),
    task_ids: new Tensor('int32', Int32Array.of(TASKS.indexOf(task)), [1])
  })
  const [no, yes] = logits!.data as Float32Array
  return 1 / (1 + Math.exp(no! - yes!))
}

const text = fc.array(fc.constantFrom(...SMALL_VOCAB.slice(5)), { maxLength: 20 }).map((letters) => letters.join(''))
const pairs = fc.array(fc.record({ a: text, b: text, task: fc.constantFrom(...TASKS) }), {
  minLength: 1,
  maxLength: 24
})

describe.each(['fp32', 'int8'] as const)('the SDK over an exported %s graph', (dtype) => {
  it('gives the scores of a raw session, and keeps them within the spread whatever order, batch size and concurrency', async () => {
    const session = await InferenceSession.create(
      join(model, dtype === 'fp32' ? 'onnx/model.onnx' : 'onnx/model_int8.onnx')
    )
    await using small = await create({ dtype, batchTokens: 64, workers: 2 })
    await using large = await create({ dtype, batchTokens: 4_096 })
    await fc.assert(
      fc.asyncProperty(fc.array(pairs, { minLength: 1, maxLength: 3 }), async (calls) => {
        const wanted = await Promise.all(calls.flat().map((pair) => rawScore(session, pair, 32)))
        const first = calls[0]![0]!
        expect(Math.abs((await small.match(first.a, first.b, first.task)).score - wanted[0]!)).toBeLessThan(1e-6)
        for (const matcher of [small, large]) {
          const found = (await Promise.all(calls.map((call) => matcher.matchMany(call)))).flat()
          found.forEach(({ score }, i) => expect(Math.abs(score - wanted[i]!)).toBeLessThan(SPREADS[dtype]))
        }
      }),
      { numRuns: 10 }
    )
    await session.release()
  })

  it('reads 1,024 tokens though it was trained on 32', async () => {
    const session = await InferenceSession.create(
      join(model, dtype === 'fp32' ? 'onnx/model.onnx' : 'onnx/model_int8.onnx')
    )
    await using matcher = await create({ dtype, maxLength: 1_024 })
    const long = {
      a: SMALL_VOCAB.slice(5).join('').repeat(30),
      b: SMALL_VOCAB.slice(9).join(''),
      task: 'B-ll'
    } as const
    const { score, tokenCount, truncated } = await matcher.match(long.a, long.b, long.task)
    expect({ tokenCount, truncated }).toEqual({ tokenCount: 1_024, truncated: true })
    expect(Math.abs(score - (await rawScore(session, long, 1_024)))).toBeLessThan(1e-6)
    await session.release()
  })
})
