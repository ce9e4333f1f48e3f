import { defineConfig } from 'vitest/config'

/** ONNX Runtime's native library needs a process to itself. */
export default defineConfig({ test: { pool: 'forks', testTimeout: 240_000, hookTimeout: 240_000 } })
