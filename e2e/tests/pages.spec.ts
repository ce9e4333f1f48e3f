import { expect, openSdkPage, test } from '../support/fixtures'
import { load, match } from '../support/page-calls'
import { ISOLATION, STRICT_CSP } from '../support/server'

test('works under a strict content security policy, without one violation or one foreign request', async ({
  page,
  site
}) => {
  site.headers = { 'content-security-policy': STRICT_CSP }
  const complaints: string[] = []
  const foreign: string[] = []
  page.on('console', (message) => {
    if (/content security policy/i.test(message.text())) complaints.push(message.text())
  })
  page.on('request', (request) => {
    if (!request.url().startsWith(site.origin) && !request.url().startsWith('data:')) foreign.push(request.url())
  })
  await openSdkPage(page, site)
  for (const device of ['wasm', 'auto'] as const) expect((await load(page, { device })).error).toBeUndefined()
  expect(await match(page)).toHaveProperty('score')
  expect(complaints.filter((text) => !text.includes('data:,'))).toEqual([]) // the test page's empty icon
  expect(foreign).toEqual([])
})

test('uses threads on a cross-origin isolated page, with the same scores', async ({ sdkPage, site, browser }) => {
  await load(sdkPage, { threads: 2, dtype: 'fp32' })
  const alone = await match(sdkPage)
  site.headers = ISOLATION
  const page = await browser.newPage() // of another profile: what the first one cached has no COEP header
  await openSdkPage(page, site)
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true)
  const { info, error } = await load(page, { threads: 2, dtype: 'fp32' })
  expect(error).toBeUndefined()
  expect(info).toMatchObject({ threads: 2, notes: [] })
  expect((await match(page)).score).toBeCloseTo(alone.score!, 5) // fp32 sums in another order
  await page.evaluate(() => (kept.matcher as AsyncDisposable & { dispose(): Promise<void> }).dispose())
  await expect.poll(() => page.workers().length).toBe(0) // threads end with their worker
  await page.close()
})

test('uses one thread on a page that is not isolated, and says so', async ({ sdkPage }) => {
  const { info } = await load(sdkPage, { threads: 2 })
  expect(info).toMatchObject({ threads: 1, notes: [expect.stringContaining('COOP')] })
})
