import { defineConfig } from 'vitest/config'

/** The time limits end what hangs; no test is to reach them on a busy machine. */
export default defineConfig({ test: { testTimeout: 120_000, hookTimeout: 120_000 } })
