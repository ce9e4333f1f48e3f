import type { BrowserType, LaunchOptions } from '@playwright/test'
import { startChromium } from './chromium'
import type { Engine, EngineName } from './engine'
import { startFirefox } from './firefox'
import { startWebKit } from './webkit'

/** Starts an engine. Throws if it is not installed: a browser test without a browser must not pass. */
export function startEngine(name: EngineName, chromium: BrowserType, options: LaunchOptions): Promise<Engine> {
  if (name === 'firefox') return startFirefox()
  if (name === 'webkit') return startWebKit()
  return startChromium(chromium, options)
}
