import { join } from 'node:path'
import { encodePairs, TASKS, type EncodedPair, type LoadProgress, type Matcher } from '@sohu-match/core'
import { LETTERS, TINY_TOKENIZER, tinyPairLogits, writeTinyModel } from '@sohu-match/testing'
import fc from 'fast-check'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createMatcherIn } from './create-matcher'
import { testSurroundings } from './create-matcher.fixtures'
import type { MatcherOptions } from './options'

const surroundings = testSurroundings()
const model = writeTinyModel()

function create(options: Partial<MatcherOptions> = {}) {
  return createMatcherIn(surroundings, { model, device: 'cpu', threads: 1, ...options })
}

describe('createMatcher', () => {
  let matcher: Matcher

  beforeAll(async () => {
    matcher = await create({ workers: 2 })
  })
  afterAll(() => matcher.dispose())

  it.each([1, 9])(
    'rejects with what its own onProgress throws at report %d, and nothing else fails',
    async (report) => {
      let reports = 0
      const onProgress = (): void => {
        if (++reports >= report) throw new Error('of the listener')
      }
      const failed = vi.fn()
      process.on('uncaughtException', failed)
      await expect(create({ workers: 2, onProgress })).rejects.toThrow('of the listener')
      await new Promise((resolve) => setTimeout(resolve, 50))
      process.off('uncaughtException', failed)
      expect(failed).not.toHaveBeenCalled()
      expect(reports).toBeGreaterThanOrEqual(report)
    }
  )

  it('gives each pair its own logits, whatever order, batch size and concurrency', async () => {
    const text = fc.array(fc.constantFrom(...LETTERS), { maxLength: 90 }).map((letters) => letters.join(''))
    const pairs = fc.array(fc.record({ a: text, b: text, task: fc.constantFrom(...TASKS) }), {
      minLength: 1,
      maxLength: 40
    })
    await fc.assert(
      fc.asyncProperty(fc.array(pairs, { minLength: 1, maxLength: 4 }), async (calls) => {
        const answers = await Promise.all(calls.map((call) => matcher.matchMany(call)))
        answers.forEach((results, i) =>
          results.forEach(({ logits }, k) => {
            const wanted = tinyPairLogits(calls[i]![k]!)
            // The sum is exact; sine and cosine of a float32 angle up to 100 rad are rounded to 4e-6.
            expect(Math.abs(logits[0] - wanted[0])).toBeLessThan(1e-5)
            expect(Math.abs(logits[1] - wanted[1])).toBeLessThan(1e-5)
          })
        )
      }),
      { numRuns: 30 }
    )
  })

  it('gives the logits of a raw session on the same token ids', async () => {
    const session = await InferenceSession.create(join(model, 'onnx/model_int8.onnx'))
    for (const pair of [
      { a: '今天天气', b: '很好abc' },
      { a: LETTERS, b: LETTERS.repeat(3) }
    ]) {
      const [{ tokenIds, segmentIds }] = encodePairs(TINY_TOKENIZER, [pair], {
        maxLength: 64,
        truncation: 'longest-first'
      }) as [EncodedPair]
      const ids = (data: Int32Array): Tensor => new Tensor('int32', data.slice(), [1, data.length])
      const { logits } = await session.run({
        token_ids: ids(tokenIds),
        segment_ids: ids(segmentIds),
        task_ids: new Tensor('int32', Int32Array.of(3), [1])
      })
      expect((await matcher.match(pair.a, pair.b, 'B-sl')).logits).toEqual([...(logits!.data as Float32Array)])
    }
    await session.release()
  })

  it('says what it runs on', () => {
    expect(matcher.info).toMatchObject({
      model: 'tiny',
      device: 'cpu',
      dtype: 'int8',
      reasons: [{ device: 'cpu', taken: true, reason: 'named in the options' }],
      workers: 2,
      threads: 1,
      limits: { maxLength: 64 },
      versions: { '@sohu-match/sdk-node': '0.0.0-test', 'onnxruntime-node': '1.30.0' }
    })
    expect(matcher.info.modelHash).toMatch(/^[0-9a-f]{64}$/)
    expect(matcher.info.tasks.map((task) => task.name)).toEqual(TASKS)
  })

  it('takes texts with NUL, lone surrogates, nothing in them, and 1,024 tokens', async () => {
    await expect(
      matcher.matchMany(['', '\0', '\ud800x', 'a\udc00'].map((a) => ({ a, b: '', task: 'A-ss' as const })))
    ).resolves.toHaveLength(4)
    await using long = await create({ maxLength: 1_024 })
    expect(await long.match('a b '.repeat(2_000), 'c', 'A-ll')).toMatchObject({ tokenCount: 1_024, truncated: true })
  })

  it('leaves the event loop free while it loads and scores', async () => {
    let longest = 0
    let last = performance.now()
    const timer = setInterval(() => {
      const now = performance.now()
      longest = Math.max(longest, now - last)
      last = now
    }, 1)
    await using other = await create()
    await other.matchMany(
      Array.from({ length: 500 }, (_, i) => ({ a: LETTERS.repeat(3), b: `${i}`, task: 'B-sl' as const }))
    )
    clearInterval(timer)
    expect(longest).toBeLessThan(500) // a busy test machine, not a benchmark
  })
})

describe('devices', () => {
  const machine = {
    platform: 'linux',
    arch: 'x64',
    libraries: '/ort',
    providers: ['cpu', 'webgpu', 'cuda'],
    exists: () => false
  }

  it('falls back to the CPU under auto, and says why the others were not taken', async () => {
    await using matcher = await createMatcherIn({ ...surroundings, machine }, { model })
    expect(matcher.info.device).toBe('cpu')
    expect(matcher.info.reasons).toMatchObject([
      {
        device: 'cuda',
        taken: false,
        reason: expect.stringContaining('ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node')
      },
      { device: 'webgpu', taken: false, reason: expect.stringContaining('name it to use it') },
      { device: 'cpu', taken: true, reason: 'the first that can be used' }
    ])
  })

  it('refuses a named device with the exact next step', async () => {
    await expect(createMatcherIn({ ...surroundings, machine }, { model, device: 'cuda' })).rejects.toMatchObject({
      code: 'device-unavailable',
      message: expect.stringContaining(
        'libonnxruntime_providers_cuda.so is not installed; run: ONNXRUNTIME_NODE_INSTALL=cuda12'
      )
    })
  })

  it('falls back to the CPU if a CUDA provider that looks usable does not load', async () => {
    const folder = writeTinyModel((manifest) => {
      ;(manifest.graphs as Record<string, unknown>).fp16 = { file: 'onnx/model.onnx', opset: 17 }
    })
    const claims = { ...surroundings, machine: { ...machine, exists: () => true } } // the files are said to be there; onnxruntime finds none
    const loaded: number[] = []
    const onProgress = ({ overall }: LoadProgress): void => void loaded.push(overall.loaded)
    await using matcher = await createMatcherIn(claims, { model: folder, onProgress })
    expect(matcher.info).toMatchObject({ device: 'cpu', dtype: 'int8' })
    expect(loaded, 'the bytes of both devices').toEqual([...loaded].sort((one, other) => one - other))
    expect(matcher.info.reasons[0]).toMatchObject({
      device: 'cuda',
      taken: false,
      reason: expect.stringMatching(/install/)
    })
    await expect(createMatcherIn(claims, { model: folder, device: 'cuda' })).rejects.toMatchObject({
      code: 'device-unavailable'
    })
  })
})
