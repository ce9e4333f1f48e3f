import { defineConfig } from 'vitest/config'

/** ONNX Runtime's native library wants a process to itself. */
export default defineConfig({ test: { pool: 'forks', testTimeout: 60_000 } })
