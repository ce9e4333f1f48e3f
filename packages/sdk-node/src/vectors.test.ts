import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTokenizer, parseManifest, TASKS, type Manifest } from '@sohu-match/core'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exportModel } from '@sohu-match/export'
import { consistentCheckpoint } from '@sohu-match/export/testing'
import { SMALL_BI_ENCODER, SMALL_VOCAB } from '@sohu-match/testing'
import { createMatcherIn } from './create-matcher'
import { testSurroundings } from './create-matcher.fixtures'
import type { MatcherOptions } from './options'

const root = mkdtempSync(join(tmpdir(), 'sdk-node-vectors-'))
const model = join(root, 'model')
let manifest: Manifest

beforeAll(async () => {
  const checkpoint = await consistentCheckpoint(join(root, 'checkpoint'), SMALL_BI_ENCODER)
  await exportModel({ checkpoint, out: model, dtypes: ['fp32', 'int8'], name: 'small', force: false, latency: false })
  manifest = parseManifest(JSON.parse(readFileSync(join(model, 'manifest.json'), 'utf8')))
}, 240_000)
afterAll(() => rmSync(root, { recursive: true }))

async function create(options: Partial<MatcherOptions> = {}) {
  return createMatcherIn(testSurroundings(), { model, device: 'cpu', threads: 1, workers: 1, ...options })
}

const texts = Array.from({ length: 30 }, (_, i) => SMALL_VOCAB.slice(5 + i, 7 + i + (i % 9)).join(''))

describe('the SDK over an exported bi-encoder', () => {
  it('gives the vectors of a raw session on the same token ids, one text at a time', async () => {
    await using matcher = await create({ dtype: 'fp32' })
    const session = await InferenceSession.create(join(model, 'onnx/model.onnx'))
    const tokenizer = createTokenizer(readFileSync(join(model, 'vocab.txt'), 'utf8'))
    const rows = await matcher.embed(texts, 'B-sl')
    for (const [i, text] of texts.entries()) {
      const { tokenIds, segmentIds } = tokenizer.encode(text, undefined, 32)
      const ids = (data: Int32Array): Tensor => new Tensor('int32', data.slice(), [1, data.length])
      const { vectors } = await session.run({
        token_ids: ids(tokenIds),
        segment_ids: ids(segmentIds),
        task_ids: new Tensor('int32', Int32Array.of(TASKS.indexOf('B-sl')), [1])
      })
      const raw = vectors!.data as Float32Array
      raw.forEach((value, k) => expect(rows[16 * i + k]).toBeCloseTo(value, 5)) // another batch sums in another order
    }
    await session.release()
  })

  it('matches and ranks by them, with scale and offset of the manifest', async () => {
    await using matcher = await create({ dtype: 'int8' })
    const [a, b] = [texts[3]!, texts[4]!]
    const rows = await matcher.embed([a, b], 'A-ll')
    const cosine = rows.subarray(0, 16).reduce((sum, value, k) => sum + value * rows[16 + k]!, 0)
    const { scale, offset } = manifest.tasks[TASKS.indexOf('A-ll')]!
    const result = await matcher.match(a, b, 'A-ll')
    expect(result.logits).toEqual([0, scale! * cosine + offset!])
    const ranked = await matcher.rank(a, texts, 'A-ll', { topK: 3 })
    expect(ranked[0]).toMatchObject({ index: 3, text: a }) // itself
    expect(matcher.info).toMatchObject({ architecture: 'bi-encoder', vectors: { hidden: 16, cached: texts.length } })
    expect(matcher.info.modelHash).toBe(manifest.files['onnx/model_int8.onnx']!.sha256)
  })

  it('refuses a maxLength beyond its position table when it is made', async () => {
    await expect(create({ maxLength: 41 })).rejects.toMatchObject({
      code: 'input-invalid',
      message: expect.stringContaining('at most 40')
    })
  })
})
