import { defineConfig } from '@playwright/test'
import { chromePath } from './support/paths'

/** Benchmarks: `nx run e2e:bench`. */
export default defineConfig({
  testDir: './bench',
  testMatch: /\.bench\.ts$/,
  outputDir: './test-results',
  workers: 1,
  timeout: 300_000,
  reporter: [['list']],
  use: {
    browserName: 'chromium',
    headless: true,
    launchOptions: { executablePath: chromePath(), args: ['--no-sandbox', '--disable-background-networking'] }
  }
})
