import { defineConfig } from 'vitest/config'

/** TensorFlow's native library wants a process to itself. */
export default defineConfig({
  test: { pool: 'forks', testTimeout: 120_000, hookTimeout: 120_000, execArgv: ['--expose-gc'] }
})
