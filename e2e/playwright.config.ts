import { defineConfig } from '@playwright/test'
import type { DeviceOptions, EngineOptions } from './support/fixtures'
import { chromePath } from './support/paths'

/** WebGPU on Chromium's software adapter; no requests of the browser's own, so that the tests see only the page's. */
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

/** Tests that run in every engine; Chromium runs others, too. */
const SHARED = /(abort|cache|gzip|loading|demo-page|engine|matcher|pages|parity)\.spec/

export default defineConfig<DeviceOptions, EngineOptions>({
  testDir: './tests',
  globalSetup: './support/global-setup.ts',
  outputDir: './test-results',
  workers: 1, // there are two processors, and every page has its own worker
  forbidOnly: true,
  timeout: 90_000,
  expect: { timeout: 30_000 }, // of polls: a busy machine may take longer than the usual 5 seconds
  reporter: [['list']],
  use: { browserName: 'chromium', headless: true, launchOptions: { executablePath: chromePath(), args: FLAGS } },
  projects: [
    { name: 'wasm', use: { device: 'wasm' }, testIgnore: /(webgpu|demo-page)\.spec/ },
    { name: 'webgpu', use: { device: 'webgpu' }, testMatch: /(parity|labels|webgpu|model-zh)\.spec/ },
    { name: 'firefox', use: { engineName: 'firefox' }, testMatch: SHARED, grepInvert: /@chromium/ },
    { name: 'webkit', use: { engineName: 'webkit' }, testMatch: SHARED, grepInvert: /@chromium/ }
  ]
})
