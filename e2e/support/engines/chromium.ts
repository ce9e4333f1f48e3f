import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, BrowserType, LaunchOptions, Page } from '@playwright/test'
import type { Engine, EnginePage } from './engine'

/** A Chromium and its Playwright browser, for tests that need more than an `EnginePage`. */
export interface Chromium extends Engine {
  readonly browser: Browser
}

/** Starts Chromium, driven by Playwright; each page has its own profile. */
export async function startChromium(chromium: BrowserType, options: LaunchOptions): Promise<Chromium> {
  const browser = await chromium.launch(options)
  return {
    browser,
    version: `Chromium ${browser.version()}`,
    threads: true,
    storage: 'opfs',
    open: async () => wrap(await (await browser.newContext()).newPage(), true),
    openLimited: (address, bytes) => openLimited(chromium, options, address, bytes),
    close: () => browser.close()
  }
}

function wrap(page: Page, ownsContext: boolean): EnginePage {
  return {
    evaluate: page.evaluate.bind(page),
    goto: page.goto.bind(page),
    sibling: async () => wrap(await page.context().newPage(), false),
    type: (text) => page.keyboard.type(text),
    press: (key) => page.keyboard.press(key),
    close: () => (ownsContext ? page.context().close() : page.close())
  }
}

/** A profile on disk, since files of a private window do not count towards the quota, which DevTools sets. */
async function openLimited(
  chromium: BrowserType,
  options: LaunchOptions,
  address: string,
  bytes: number
): Promise<EnginePage> {
  const profile = mkdtempSync(join(tmpdir(), 'sohu-match-chromium-'))
  const context: BrowserContext = await chromium.launchPersistentContext(profile, options)
  const page = context.pages()[0]!
  await page.goto(address)
  const session = await context.newCDPSession(page)
  await session.send('Storage.overrideQuotaForOrigin', { origin: new URL(address).origin, quotaSize: bytes })
  const close = async () => {
    await context.close()
    rmSync(profile, { recursive: true, force: true, maxRetries: 3 })
  }
  return { ...wrap(page, true), close }
}
