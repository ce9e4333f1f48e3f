import { readFileSync } from 'node:fs'
import type { MatchResult } from '@sohu-match/sdk-web'
import { CHROMIUM_ONLY, expect, test } from '../support/fixtures'
import { countedWorker, hookWorker, liveWorkers } from '../support/hooked-worker'
import { load, match } from '../support/page-calls'
import { PAIRS } from '../support/pairs'
import { EXPECTED } from '../support/paths'

const expected = (JSON.parse(readFileSync(EXPECTED, 'utf8')) as { fp32: MatchResult[] }).fp32

test('overlapping calls have the results of calls one by one', async ({ sdkPage }) => {
  const scores = await sdkPage.evaluate(async (pairs) => {
    const matcher = await sdk.createMatcher({ model: '/model/', device: 'wasm', dtype: 'fp32' })
    const together = await Promise.all(pairs.map(({ a, b, task }) => matcher.match(a, b, task)))
    const ranked = await matcher.rank(
      pairs[0]!.a,
      pairs.map((pair) => pair.b),
      'A-ss',
      { topK: 3 }
    )
    return { together: together.map((result) => result.score), ranked: ranked.map((result) => result.score) }
  }, PAIRS)
  scores.together.forEach((score, index) => expect(score).toBeCloseTo(expected[index]!.score, 5)) // fp32 sums in another order where batches differ
  expect(scores.ranked).toEqual([...scores.ranked].sort((one, other) => other - one))
  expect(scores.ranked).toHaveLength(3)
})

test('two matchers on a page do not disturb each other, and dispose ends a worker', async ({ sdkPage, site }) => {
  await sdkPage.evaluate(async (worker) => {
    kept.one = await sdk.createMatcher({ model: '/model/', device: 'wasm', dtype: 'fp32', worker })
    kept.two = await sdk.createMatcher({ model: '/model/', device: 'wasm', dtype: 'int8', worker })
  }, countedWorker(site))
  await expect.poll(() => liveWorkers(sdkPage)).toBe(2)
  const codes = await sdkPage.evaluate(async () => {
    type Matcher = Awaited<ReturnType<typeof sdk.createMatcher>>
    const [one, two] = [kept.one as Matcher, kept.two as Matcher]
    const waiting = one.match('国足获胜', '国足赢球', 'B-ss').then(
      () => 'answered',
      (error: { code: string }) => error.code
    )
    await one.dispose()
    await one.dispose()
    const after = await one.match('国足获胜', '国足赢球', 'B-ss').catch((error: { code: string }) => error.code)
    return { waiting: await waiting, after, other: typeof (await two.match('国足获胜', '国足赢球', 'B-ss')).score }
  })
  expect(codes).toEqual({ waiting: expect.stringMatching(/answered|disposed/), after: 'disposed', other: 'number' })
  await expect.poll(() => liveWorkers(sdkPage)).toBe(1)
})

test('refuses bad input with the codes of the Node SDK', CHROMIUM_ONLY, async ({ sdkPage, site }) => {
  const worker = countedWorker(site)
  await load(sdkPage, { worker })
  const codes = await sdkPage.evaluate(async (worker) => {
    const matcher = kept.matcher as Awaited<ReturnType<typeof sdk.createMatcher>>
    const code = (work: () => Promise<unknown>) =>
      work().then(
        () => 'none',
        (error: { code?: string }) => error.code
      )
    const wrong = <T>(value: unknown) => value as T
    return {
      task: await code(() => matcher.match('一', '二', wrong('C-ll'))),
      notText: await code(() => matcher.match(wrong(7), '二', 'A-ss')),
      notPairs: await code(() => matcher.matchMany(wrong('x'))),
      deadline: await code(() =>
        matcher.matchMany(
          Array.from({ length: 400 }, () => ({ a: '新闻'.repeat(60), b: '消息'.repeat(60), task: 'A-ll' as const })),
          { deadlineMs: 5 }
        )
      ),
      thresholds: await code(() =>
        sdk.createMatcher({ model: '/model/', device: 'wasm', worker, thresholds: { 'A-ss': 7 } })
      ),
      tasks: await code(() => sdk.createMatcher({ model: '/model/', device: 'wasm', worker, tasks: ['dup'] })),
      dtype: await code(() => sdk.createMatcher({ model: '/model/', device: 'wasm', worker, dtype: wrong('int3') })),
      address: await code(() => sdk.createMatcher({ model: 'http://[', device: 'wasm', worker })),
      empty: await code(() => matcher.matchMany([])),
      emptyTexts: await code(() => matcher.match('', '', 'A-ss'))
    }
  }, worker)
  expect(codes).toEqual({
    task: 'task-unknown',
    notText: 'input-invalid',
    notPairs: 'input-invalid',
    deadline: 'deadline-exceeded',
    thresholds: 'input-invalid',
    tasks: 'task-unknown',
    dtype: 'dtype-missing',
    address: 'input-invalid',
    empty: 'none',
    emptyTexts: 'none'
  })
  await expect.poll(() => liveWorkers(sdkPage)).toBe(1) // what failed after its worker had loaded ended it
})

test('says device-unavailable where WebAssembly has no SIMD, or is missing', async ({ sdkPage, site }) => {
  for (const [script, words] of [
    ['WebAssembly.validate = () => false', 'without SIMD'],
    ['delete globalThis.WebAssembly', 'no WebAssembly']
  ] as const) {
    const { error } = await load(sdkPage, { worker: hookWorker(site, script) })
    expect(error).toMatchObject({ code: 'device-unavailable', message: expect.stringContaining(words) })
  }
})

test("takes the worker and the runtime from addresses of the caller's", CHROMIUM_ONLY, async ({ sdkPage, site }) => {
  const { info } = await load(sdkPage, { worker: '/pkg/worker.js', assetBase: '/pkg/ort' })
  expect(info).toMatchObject({ device: 'wasm' })
  expect(site.hits.map((hit) => hit.path)).toEqual(
    expect.arrayContaining(['/pkg/worker.js', '/pkg/ort/ort.wasm.js', '/pkg/ort/ort.wasm.bin'])
  )
  expect(await match(sdkPage)).toHaveProperty('score')
  expect((await load(sdkPage, { worker: '/nowhere.js' })).error).toMatchObject({
    code: 'asset-missing',
    message: expect.stringContaining('worker')
  })
  expect((await load(sdkPage, { assetBase: '/nowhere', cache: false })).error).toMatchObject({
    code: expect.stringMatching(/asset-missing|network/)
  })
})
