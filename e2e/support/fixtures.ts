import { test as base, type Page } from '@playwright/test'
import { DEMO, LABEL_MODEL, MODEL, PACKAGE, SITE, VECTOR_MODEL, ZH_MODEL } from './paths'
import { startSite, type Site } from './server'

/** The device of a project. */
export interface DeviceOptions {
  device: 'wasm' | 'webgpu'
}

interface Fixtures extends DeviceOptions {
  /** A server of this test's own. */
  site: Site
  /** The page with the public API on `globalThis.sdk`, from `site`. */
  sdkPage: Page
}

/** Playwright's test with a server and a page a test. */
export const test = base.extend<Fixtures>({
  device: ['wasm', { option: true }],
  // eslint-disable-next-line no-empty-pattern
  site: async ({}, use) => {
    const site = await openSite()
    await use(site)
    await site.close()
  },
  sdkPage: async ({ page, site }, use) => {
    await openSdkPage(page, site)
    await use(page)
  }
})

export { expect } from '@playwright/test'

/** A server with the pages, the model at /model/, the published one at /zh/ and for the demo page, and the package's dist folder as it is at /pkg/. */
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

/** Opens the page with the public API and waits for it. */
export async function openSdkPage(page: Page, site: Site): Promise<void> {
  await page.goto(`${site.origin}/index.html`)
  await page.waitForFunction(() => 'sdk' in globalThis)
}
