import { text } from 'node:stream/consumers'
import type { Engine } from '../support/engines/engine'
import { expect, openSdkPage, openSite, test } from '../support/fixtures'
import { countThreads, liveWorkers } from '../support/hooked-worker'
import { load, match } from '../support/page-calls'
import { ISOLATION, STRICT_CSP } from '../support/server'

/** A report of a violation, as browsers send it to `report-uri`. */
interface Report {
  readonly 'csp-report': { readonly 'blocked-uri': string }
}

/** The notes about storage on any page of an engine. */
const storageNotes = (engine: Engine) =>
  engine.storage === 'opfs' ? [] : [expect.stringContaining('OPFS is not usable')]

test('works under a strict content security policy, without one violation or one foreign request', async ({
  sdkPage,
  site
}) => {
  site.headers = { 'content-security-policy': `${STRICT_CSP}; report-uri /violations` }
  const violations: string[] = []
  site.bend('/violations', (request, response) => {
    void text(request).then((report) => {
      violations.push((JSON.parse(report) as Report)['csp-report']['blocked-uri'])
      response.writeHead(204).end()
    })
  })
  await openSdkPage(sdkPage, site)
  for (const device of ['wasm', 'auto'] as const) expect((await load(sdkPage, { device })).error).toBeUndefined()
  expect(await match(sdkPage)).toHaveProperty('score')
  // the policy allows no foreign address, so a request to one would be reported, as this one is
  await sdkPage.evaluate(() => fetch('https://foreign.invalid/').catch(() => undefined))
  const blocked = () => violations.filter((uri) => !uri.startsWith('data')) // the test page's icon
  await expect.poll(() => blocked().length, { timeout: 30_000 }).toBeGreaterThan(0)
  expect(blocked()).toEqual([expect.stringMatching(/^https:\/\/foreign\.invalid/)])
})

test('uses threads on a cross-origin isolated page, where the engine has them, with the same scores', async ({
  engine,
  sdkPage
}) => {
  await load(sdkPage, { threads: 2, dtype: 'fp32' })
  const alone = await match(sdkPage)
  const isolated = await openSite(ISOLATION)
  countThreads(isolated)
  const page = await sdkPage.sibling()
  await openSdkPage(page, isolated)
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true)
  const { info, error } = await load(page, { threads: 2, dtype: 'fp32', worker: '/pkg/worker.js' })
  expect(error).toBeUndefined()
  const threads = engine.threads ? 2 : 1
  const notes = engine.threads ? [] : [expect.stringContaining('SharedArrayBuffer')]
  expect(info).toMatchObject({ threads, notes: [...notes, ...storageNotes(engine)] })
  expect((await match(page)).score).toBeCloseTo(alone.score!, 5) // fp32 sums in another order
  await expect.poll(() => liveWorkers(page)).toBe(threads) // the worker is the first of them
  await page.evaluate(() => (kept.matcher as AsyncDisposable & { dispose(): Promise<void> }).dispose())
  await expect.poll(() => liveWorkers(page)).toBe(0) // threads end with their worker
  await page.close()
  await isolated.close()
})

test('uses one thread on a page that is not isolated, and says so', async ({ engine, sdkPage }) => {
  const { info } = await load(sdkPage, { threads: 2 })
  expect(info).toMatchObject({ threads: 1, notes: [expect.stringContaining('COOP'), ...storageNotes(engine)] })
})
