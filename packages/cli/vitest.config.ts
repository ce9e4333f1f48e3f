import { defineConfig } from 'vitest/config'

export default defineConfig({
  define: { VERSION: '"0.0.0-test"' },
  test: { testTimeout: 300_000, hookTimeout: 300_000 }
})
