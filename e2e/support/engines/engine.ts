import type { Page } from '@playwright/test'

/** Engines for the tests of the web SDK. */
export type EngineName = 'chromium' | 'firefox' | 'webkit'

/** What every engine's driver can do with a page; `evaluate` is that of a Playwright `Page`. */
export interface EnginePage extends Pick<Page, 'evaluate'> {
  /** Loads an address and waits for its load event. */
  goto(address: string): Promise<unknown>
  /** Opens another page of the same profile. */
  sibling(): Promise<EnginePage>
  /** Types text, or presses a key named in `KEYS` with its modifiers (`Control+Enter`). */
  type(text: string): Promise<void>
  press(key: string): Promise<void>
  close(): Promise<void>
}

/** A running browser. */
export interface Engine {
  /** Product and version, as the browser reports them. */
  readonly version: string
  /** Whether wasm has threads on a cross-origin isolated page. */
  readonly threads: boolean
  /** Where the SDK keeps files in it; the Cache API cannot keep partial ones. */
  readonly storage: 'opfs' | 'cache'
  /** Opens a page; it may share storage with earlier pages of the same origin, and with no others. */
  open(): Promise<EnginePage>
  /** Opens `address` in another profile, where origins may store at most `bytes`. */
  openLimited(address: string, bytes: number): Promise<EnginePage>
  close(): Promise<void>
}

/** `Engine.openLimited` for engines whose quota is set at the start: another browser, which exits with its page. */
export async function openIn(start: () => Promise<Engine>, address: string): Promise<EnginePage> {
  const engine = await start()
  const page = await engine.open()
  await page.goto(address)
  return { ...page, close: () => engine.close() }
}
