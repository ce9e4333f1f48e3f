import { defineConfig } from '@playwright/test'
import type { DeviceOptions } from './support/fixtures'
import { chromePath } from './support/paths'

/** Chromium's software adapter for WebGPU; and no requests of the browser's own, so that the tests see the page's only. */
const FLAGS = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-default-apps',
  '--no-first-run',
  '--no-pings'
]

export default defineConfig<DeviceOptions>({
  testDir: './tests',
  globalSetup: './support/global-setup.ts',
  outputDir: './test-results',
  workers: 1, // two processors, and every page has a worker of its own
  forbidOnly: true,
  timeout: 90_000,
  reporter: [['list']],
  use: { browserName: 'chromium', headless: true, launchOptions: { executablePath: chromePath(), args: FLAGS } },
  projects: [
    { name: 'wasm', use: { device: 'wasm' }, testIgnore: /webgpu\.spec/ },
    { name: 'webgpu', use: { device: 'webgpu' }, testMatch: /(parity|labels|webgpu|model-zh)\.spec/ }
  ]
})
