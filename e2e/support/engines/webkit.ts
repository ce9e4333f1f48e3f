import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Page } from '@playwright/test'
import { webkitPaths } from '../paths'
import { openIn, type Engine, type EnginePage } from './engine'
import { pressed, typed, type KeyActions } from './keys'
import { freePort, startProgram } from './program'
import { openWebDriver, type WebDriver } from './web-driver'

/** Starts WebKitGTK in windows on a virtual screen, driven by WebKitWebDriver; an origin may store `quota` bytes. */
export async function startWebKit(quota = 1e9): Promise<Engine> {
  const { driver, python, screen } = webkitPaths()
  const profile = mkdtempSync(join(tmpdir(), 'sohu-match-webkit-'))
  const xvfb = await startProgram(screen, ['-displayfd', '1', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'], {
    ready: /^(\d+)\n/m
  })
  const port = await freePort()
  const program = await startProgram(driver, ['-p', String(port)], {
    env: { DISPLAY: `:${xvfb.ready![1]}`, NO_AT_BRIDGE: '1' }
  })
  const script = join(import.meta.dirname, 'webkit-browser.py')
  const session = await openWebDriver(`http://127.0.0.1:${port}`, {
    'webkitgtk:browserOptions': { binary: python, args: [script, profile, String(quota)] }
  })
  const first = await session.send<string>('GET', '/window')
  const open = () => openPage(session, first)
  return {
    version: `${session.capabilities.browserName} ${session.capabilities.browserVersion}`,
    threads: false, // even an isolated page has no SharedArrayBuffer
    storage: 'cache',
    open,
    openLimited: (address, bytes) => openIn(() => startWebKit(bytes), address),
    async close() {
      await session.close()
      await program.stop()
      await xvfb.stop()
      rmSync(profile, { recursive: true, force: true, maxRetries: 3 })
    }
  }
}

/** Opens a page from the session's `first` window, which stays open: the driver needs a current window to open another. */
async function openPage(session: WebDriver, first: string): Promise<EnginePage> {
  const { handle } = await session.sendTo<{ handle: string }>(first, 'POST', '/window/new', { type: 'window' })
  const send = <T>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) =>
    session.sendTo<T>(handle, method, path, body)
  const keys = async (actions: KeyActions) => send<void>('POST', '/actions', { actions })
  const run = <T>(script: string, ...args: unknown[]) => send<T>('POST', '/execute/sync', { script, args })
  return {
    evaluate: ((code: unknown, value?: unknown) => evaluate(run, String(code), value)) as Page['evaluate'],
    goto: (url) => send<void>('POST', '/url', { url }),
    sibling: () => openPage(session, first),
    type: (text) => keys(typed(text)),
    press: (key) => keys(pressed(key)),
    close: () => send<void>('DELETE', '/window')
  }
}

/** A finished call in the page, or one that was lost with its document. */
interface Ended {
  readonly value?: string
  readonly error?: string
}

let calls = 0

/** Calls a function in the page, given its source; arguments and results are JSON. Polls, so that calls in several pages may overlap. */
async function evaluate(
  run: <T>(script: string, ...args: unknown[]) => Promise<T>,
  code: string,
  value: unknown
): Promise<unknown> {
  const call = ++calls
  await run(
    `const [call, json] = arguments
    const calls = (globalThis.engineCalls ??= new Map())
    calls.set(call, null)
    ;(async () => JSON.stringify(await (${code})(json === null ? undefined : JSON.parse(json))))().then(
      (value) => calls.set(call, { value }),
      (error) => calls.set(call, { error: String(error) })
    )`,
    call,
    value === undefined ? null : JSON.stringify(value)
  )
  for (let pause = 2; ; pause = Math.min(2 * pause, 50)) {
    const ended = await run<Ended | null>(
      `return globalThis.engineCalls?.has(arguments[0]) ? engineCalls.get(arguments[0]) : { error: 'The page was left.' }`,
      call
    )
    if (ended?.error !== undefined) throw new Error(`In the page: ${ended.error}`)
    if (ended) return typeof ended.value === 'string' ? JSON.parse(ended.value) : undefined
    await setTimeout(pause)
  }
}
