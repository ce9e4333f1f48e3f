import type { Page } from '@playwright/test'
import { expect, openSdkPage, test } from '../support/fixtures'
import { ISOLATION } from '../support/server'

const PAIRS = 10_000

/** Bytes that the page and its worker may grow by while all pairs are judged: results of 200 bytes each, and room for the collector. */
const GROWTH = 60e6

interface Run {
  readonly outcome: string
  readonly done: readonly number[]
  readonly seconds: number
  /** Bytes of page and worker, by the browser's own count. */
  readonly growth: number
}

/** Judges 10,000 short pairs in one call; aborts once `abortAt` of them are done. */
function judge(page: Page, abortAt = Infinity): Promise<Run> {
  return page.evaluate(
    async ({ count, abortAt }) => {
      const measure = async (): Promise<number> => {
        if (abortAt < count) return 0 // the browser waits for its collector, for ten seconds and more
        const { bytes } = await (
          performance as unknown as { measureUserAgentSpecificMemory(): Promise<{ bytes: number }> }
        ).measureUserAgentSpecificMemory()
        return bytes
      }
      const matcher = (kept.matcher ??= await sdk.createMatcher({
        model: '/model/',
        device: 'wasm',
        threads: 1
      })) as Awaited<ReturnType<typeof sdk.createMatcher>>
      const pairs = Array.from({ length: count }, (_, i) => ({
        a: `第${i}条新闻`,
        b: `第${i * 7}条消息`,
        task: 'A-ss' as const
      }))
      await matcher.matchMany(pairs.slice(0, 200))
      const before = await measure()
      const started = performance.now()
      const done: number[] = []
      const abort = new AbortController()
      const outcome = await matcher
        .matchMany(pairs, {
          signal: abort.signal,
          onProgress(progress) {
            done.push(progress.done)
            if (progress.done >= abortAt) abort.abort(new Error('enough'))
          }
        })
        .then(
          (results) => `${results.length} results`,
          (error: Error) => error.message
        )
      const seconds = (performance.now() - started) / 1000
      return { outcome, done, seconds, growth: (await measure()) - before }
    },
    { count: PAIRS, abortAt }
  )
}

test('judges 10,000 pairs in one call, with progress, an abort, and a bounded memory', async ({ page, site }) => {
  test.setTimeout(300_000)
  site.headers = { ...ISOLATION } // the browser measures memory on isolated pages only
  await openSdkPage(page, site)
  const aborted = await judge(page, 1_000)
  expect(aborted.outcome).toBe('enough')
  expect(aborted.done.at(-1)).toBeGreaterThanOrEqual(1_000)
  expect(aborted.done.at(-1)).toBeLessThan(2_000)
  const whole = await judge(page)
  console.log(
    `${PAIRS} pairs: ${whole.seconds.toFixed(1)} s, ${whole.done.length} reports, memory grew by ${(whole.growth / 1e6).toFixed(1)} MB; ` +
      `aborted after ${aborted.seconds.toFixed(1)} s`
  )
  expect(whole.outcome).toBe(`${PAIRS} results`)
  expect(whole.done).toEqual([...whole.done].sort((one, other) => one - other))
  expect(whole.done.at(-1)).toBe(PAIRS)
  expect(whole.done.length).toBeGreaterThan(50)
  expect(whole.growth).toBeLessThan(GROWTH)
})
