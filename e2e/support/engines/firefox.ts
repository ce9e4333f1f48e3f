import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { firefoxPath } from '../paths'
import { connectBidi, type Bidi } from './bidi'
import { openIn, type Engine, type EnginePage } from './engine'
import { pressed, typed, type KeyActions } from './keys'
import { startProgram } from './program'

/** No requests of the browser's own, so that the tests see only the page's. */
const PREFERENCES = {
  'app.normandy.enabled': false,
  'app.update.enabled': false,
  'browser.region.network.url': '',
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'datareporting.policy.dataSubmissionEnabled': false,
  'extensions.update.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'data:,#remote-settings-dummy/v1',
  'toolkit.telemetry.server': ''
}

/** Starts Firefox with a new profile, driven by WebDriver BiDi; all origins together may store `quota` bytes. */
export async function startFirefox(quota = 4e9): Promise<Engine> {
  const profile = mkdtempSync(join(tmpdir(), 'sohu-match-firefox-'))
  const preferences = { ...PREFERENCES, 'dom.quotaManager.temporaryStorage.fixedLimit': quota / 1000 } // kilobytes
  const lines = Object.entries(preferences).map(([key, value]) => `user_pref("${key}", ${JSON.stringify(value)});`)
  writeFileSync(join(profile, 'user.js'), lines.join('\n'))
  const program = await startProgram(
    firefoxPath(),
    ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0'],
    { ready: /WebDriver BiDi listening on (ws:\S+)/ }
  )
  const bidi = await connectBidi(program.ready![1]!)
  const { capabilities } = await bidi.send<{ capabilities: Record<string, string> }>('session.new', {
    capabilities: {}
  })
  const open = () => openPage(bidi)
  return {
    version: `Firefox ${capabilities.browserVersion}`,
    threads: true,
    storage: 'opfs',
    open,
    openLimited: (address, bytes) => openIn(() => startFirefox(bytes), address),
    async close() {
      bidi.close()
      await program.stop()
      rmSync(profile, { recursive: true, force: true, maxRetries: 3 })
    }
  }
}

async function openPage(bidi: Bidi): Promise<EnginePage> {
  const { context } = await bidi.send<{ context: string }>('browsingContext.create', { type: 'tab' })
  const keys = (actions: KeyActions) => bidi.send<void>('input.performActions', { context, actions })
  return {
    evaluate: ((code: unknown, value?: unknown) => evaluate(bidi, context, String(code), value)) as Page['evaluate'],
    goto: (url) => bidi.send<void>('browsingContext.navigate', { context, url, wait: 'complete' }),
    sibling: () => openPage(bidi),
    type: (text) => keys(typed(text)),
    press: (key) => keys(pressed(key)),
    close: () => bidi.send<void>('browsingContext.close', { context })
  }
}

interface Evaluated {
  readonly type: 'success' | 'exception'
  readonly result?: { readonly value?: string }
  readonly exceptionDetails?: { readonly text: string }
}

/** Calls a function in the page, given its source; arguments and results are JSON. */
async function evaluate(bidi: Bidi, context: string, code: string, value: unknown): Promise<unknown> {
  const { type, result, exceptionDetails } = await bidi.send<Evaluated>('script.callFunction', {
    functionDeclaration: `async (json) => JSON.stringify(await (${code})(json && JSON.parse(json)))`,
    arguments: value === undefined ? [] : [{ type: 'string', value: JSON.stringify(value) }],
    target: { context },
    awaitPromise: true
  })
  if (type === 'exception') throw new Error(`In the page: ${exceptionDetails!.text}`)
  return result?.value === undefined ? undefined : JSON.parse(result.value)
}
