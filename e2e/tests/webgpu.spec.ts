import { readFileSync } from 'node:fs'
import type { Page } from '@playwright/test'
import type { MatchResult } from '@sohu-match/sdk-web'
import type { EnginePage } from '../support/engines/engine'
import { expect, test } from '../support/fixtures'
import { hookWorker, LOSE_DEVICE } from '../support/hooked-worker'
import { load, match } from '../support/page-calls'
import { PAIRS } from '../support/pairs'
import { EXPECTED } from '../support/paths'

test.describe.configure({ timeout: 240_000 }) // shaders compile slowly on a software adapter

/** Makes every WebGPU device of the page's workers fail, and waits until they have. */
function failDevices(page: Pick<EnginePage, 'evaluate'>, how: 'lose' | 'out-of-memory'): Promise<void> {
  return page.evaluate(
    (how) =>
      new Promise<void>((resolve) => {
        new BroadcastChannel('device-done').onmessage = () => resolve()
        new BroadcastChannel('device').postMessage(how)
      }),
    how
  )
}

/** The software adapter passes for hardware, so that `auto` takes it. */
async function trustAdapter(page: Page): Promise<void> {
  await page.addInitScript(() =>
    Object.defineProperty(GPUAdapterInfo.prototype, 'isFallbackAdapter', { get: () => false })
  )
}

test('runs on the WebGPU adapter and fetches no other build of onnxruntime-web', async ({ sdkPage, site }) => {
  const { info, error } = await load(sdkPage, { device: 'webgpu' })
  expect(error).toBeUndefined()
  expect(info).toMatchObject({
    device: 'webgpu',
    dtype: 'q8',
    reasons: [{ device: 'webgpu', taken: true, reason: expect.stringContaining('swiftshader') }]
  })
  const runtime = site.hits.map((hit) => hit.path).filter((path) => path.includes('ort.'))
  expect(runtime.length).toBeGreaterThan(0)
  expect(runtime.every((path) => path.includes('ort.webgpu'))).toBe(true)
})

test('says device-lost when a device named by the caller is lost', async ({ sdkPage, site }) => {
  await load(sdkPage, { device: 'webgpu', dtype: 'fp32', worker: hookWorker(site, LOSE_DEVICE) })
  expect(await match(sdkPage)).toHaveProperty('score')
  await failDevices(sdkPage, 'lose')
  expect(await match(sdkPage)).toEqual({ code: 'device-lost' })
})

for (const [how, words] of [
  ['lose', 'lost'],
  ['out-of-memory', 'no memory left']
] as const) {
  test(`under auto, moves to wasm once and reports it: ${how}`, async ({ page, site }) => {
    await trustAdapter(page)
    await page.goto(`${site.origin}/index.html`)
    const { info } = await load(page, { device: 'auto', worker: hookWorker(site, LOSE_DEVICE) })
    expect(info).toMatchObject({ device: 'webgpu', dtype: 'q8' })
    await failDevices(page, how)
    const { results, after, workers } = await page.evaluate(async (pairs) => {
      const matcher = kept.matcher as Awaited<ReturnType<typeof sdk.createMatcher>>
      const half = pairs.length / 2
      const results = await Promise.all([matcher.matchMany(pairs.slice(0, half)), matcher.matchMany(pairs.slice(half))])
      return { results: results.flat(), after: matcher.info, workers: matcher.info.workers }
    }, PAIRS)
    expect(after).toMatchObject({
      device: 'wasm',
      dtype: 'int8',
      reasons: [
        { device: 'webgpu', taken: false, reason: expect.stringContaining(words) },
        { device: 'wasm', taken: true }
      ]
    })
    expect(workers).toBe(1)
    await expect.poll(() => page.workers().length).toBe(1) // the worker with the lost device is gone
    const expected = (JSON.parse(readFileSync(EXPECTED, 'utf8')) as { int8: MatchResult[] }).int8
    results.forEach((result, index) => expect(result.score).toBeCloseTo(expected[index]!.score, 2)) // int8 rounding, see parity.spec.ts
  })
}

test('under auto, a software adapter loses to wasm, and info says so', async ({ sdkPage, site }) => {
  const { info } = await load(sdkPage, { device: 'auto' })
  expect(info).toMatchObject({
    device: 'wasm',
    dtype: 'int8',
    reasons: [
      { device: 'webgpu', taken: false, reason: expect.stringContaining('software') },
      { device: 'wasm', taken: true }
    ]
  })
  expect(site.hits.some((hit) => hit.path.includes('ort.webgpu'))).toBe(false)
})

test('refuses precisions that the adapter cannot run, before anything is downloaded', async ({ sdkPage, site }) => {
  for (const dtype of ['fp16', 'int8'] as const) {
    expect((await load(sdkPage, { device: 'webgpu', dtype })).error).toMatchObject({
      code: 'device-unavailable',
      message: expect.stringContaining(dtype)
    })
  }
  expect(site.hits.some((hit) => hit.path.startsWith('/model/'))).toBe(false)
})
