import { defineConfig } from 'vitest/config'

/** TensorFlow's native library wants a process to itself. The time limits end what hangs; no test is to reach them on a busy machine. */
export default defineConfig({
  test: { pool: 'forks', testTimeout: 600_000, hookTimeout: 600_000, execArgv: ['--expose-gc'] }
})
