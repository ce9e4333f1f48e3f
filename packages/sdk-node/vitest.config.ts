import { defineConfig } from 'vitest/config'

export default defineConfig({
  define: { VERSION: '"0.0.0-test"' },
  test: { globalSetup: 'tools/bundle-worker.ts', testTimeout: 120_000, hookTimeout: 120_000 }
})
