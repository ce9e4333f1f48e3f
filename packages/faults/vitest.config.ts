import { defineConfig } from 'vitest/config'

/** One check after the other: each has processes of its own. */
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
