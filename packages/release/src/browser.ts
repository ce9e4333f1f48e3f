import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type BrowserContext, type Page } from '@playwright/test'
import { chromePath } from '../../../e2e/support/paths'

/** A Chromium with its own profile. `flags` are added to its command line. */
export interface Chromium {
  readonly context: BrowserContext
  close(): Promise<void>
}

/** Starts Chromium. Throws if none is installed. */
export async function openChromium(...flags: string[]): Promise<Chromium> {
  const profile = mkdtempSync(join(tmpdir(), 'sohu-match-chromium-'))
  const args = ['--no-sandbox', '--headless=new', '--disable-background-networking', ...flags]
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: chromePath(),
    headless: false, // Playwright's own headless mode is another program, without extensions
    args
  })
  return {
    context,
    async close() {
      await context.close()
      rmSync(profile, { recursive: true, force: true })
    }
  }
}

/** The first line that a page logs after `act` is called. Rejects with the error that the page reports instead. */
export function logged(page: Page, act: () => Promise<unknown>): Promise<string> {
  return new Promise((resolve, reject) => {
    page.on('console', (message) => {
      if (message.type() === 'log') resolve(message.text())
      if (message.type() === 'error') reject(new Error(`${message.text()} (${message.location().url})`))
    })
    page.on('pageerror', reject)
    act().catch(reject)
  })
}
