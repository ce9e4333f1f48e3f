import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: { globalSetup: 'src/set-up.ts', testTimeout: 900_000, hookTimeout: 900_000, maxConcurrency: 2 }
})
