import { expect, test as base, type Browser } from '@playwright/test'
import type { Engine, EngineName, EnginePage } from './engines/engine'
import { startEngine } from './engines/start'
import { DEMO, LABEL_MODEL, MODEL, PACKAGE, SITE, VECTOR_MODEL, ZH_MODEL } from './paths'
import { startSite, type Site } from './server'

export { expect }

/** The device of a project. */
export interface DeviceOptions {
  device: 'wasm' | 'webgpu'
}

/** Tests in shared files that only Chromium runs, because engines do not differ in them and WebKitGTK compiles wasm slowly. */
export const CHROMIUM_ONLY = { tag: '@chromium' }

/** The engine of a project, started once for all its tests. */
export interface EngineOptions {
  engineName: EngineName
}

interface Fixtures extends DeviceOptions {
  /** This test's own server, and so an origin with empty storage. */
  site: Site
  /** The page with the public API on `globalThis.sdk`, from `site`. */
  sdkPage: EnginePage
}

/** Playwright's `test` with a server and a page per test, in the project's engine. The fixture `page` exists in Chromium only. */
export const test = base.extend<Fixtures, EngineOptions & { engine: Engine; browser: Browser }>({
  device: ['wasm', { option: true }],
  engineName: ['chromium', { option: true, scope: 'worker' }],
  engine: [
    async ({ engineName, playwright, launchOptions }, use) => {
      const engine = await startEngine(engineName, playwright.chromium, launchOptions)
      await use(engine)
      await engine.close()
    },
    { scope: 'worker', timeout: 60_000 }
  ],
  browser: [
    async ({ engine, engineName }, use) => {
      if (!('browser' in engine)) throw new Error(`The fixture page is Playwright's; use sdkPage in ${engineName}.`)
      await use(engine.browser as Browser)
    },
    { scope: 'worker' }
  ],
  // eslint-disable-next-line no-empty-pattern
  site: async ({}, use) => {
    const site = await openSite()
    await use(site)
    await site.close()
  },
  sdkPage: async ({ engine, site }, use) => {
    const page = await engine.open()
    await openSdkPage(page, site)
    await use(page)
    await page.close()
  }
})

/** Serves the pages, the model at /model/, the published one at /zh/ and for the demo page, and the package's dist folder at /pkg/. */
export function openSite(headers?: Record<string, string>): Promise<Site> {
  return startSite(
    {
      '/': SITE,
      '/demo/': DEMO,
      '/demo/model/': ZH_MODEL,
      '/model/': MODEL,
      '/vectors/': VECTOR_MODEL,
      '/zh/': ZH_MODEL,
      '/labels/': LABEL_MODEL,
      '/pkg/': PACKAGE
    },
    headers
  )
}

/** Opens the page with the public API and waits until it has loaded. */
export async function openSdkPage(page: Pick<EnginePage, 'evaluate' | 'goto'>, site: Site): Promise<void> {
  await page.goto(`${site.origin}/index.html`)
  await expect.poll(() => page.evaluate(() => 'sdk' in globalThis)).toBe(true)
}
