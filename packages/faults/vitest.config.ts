import { defineConfig } from 'vitest/config'

/** One check after another: each starts its own processes. */
export default defineConfig({
  test: {
    include: ['src/**/*.check.ts'],
    pool: 'forks',
    fileParallelism: false,
    disableConsoleIntercept: true,
    testTimeout: 3_600_000,
    hookTimeout: 600_000
  }
})
