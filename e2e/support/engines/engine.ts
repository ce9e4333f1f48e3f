import type { Page } from '@playwright/test'

/** Engines that the tests of the web SDK run in. */
export type EngineName = 'chromium' | 'firefox' | 'webkit'

/** The part of a page that every engine's driver has; a Playwright `Page` has the same `evaluate`. */
export interface EnginePage extends Pick<Page, 'evaluate'> {
  /** Loads an address and waits for its load event. */
  goto(address: string): Promise<unknown>
  /** Opens another page of the same profile. */
  sibling(): Promise<EnginePage>
  /** Types a text, or a key by its name in `KEYS`, with the modifiers before it (`Control+Enter`). */
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
  /** Where the SDK keeps files in it; the Cache API keeps no parts of them. */
  readonly storage: 'opfs' | 'cache'
  /** Opens a page; storage is shared at most with earlier pages of the same origin. */
  open(): Promise<EnginePage>
  /** Opens `address` in another profile, where origins may store at most `bytes`. */
  openLimited(address: string, bytes: number): Promise<EnginePage>
  close(): Promise<void>
}

/** `Engine.openLimited` of engines whose quota is set when they start: another browser, which ends with its page. */
export async function openIn(start: () => Promise<Engine>, address: string): Promise<EnginePage> {
  const engine = await start()
  const page = await engine.open()
  await page.goto(address)
  return { ...page, close: () => engine.close() }
}
