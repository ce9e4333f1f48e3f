import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type {} from 'vitest'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    workerScript: string
  }
}

/** Bundles the worker thread for tests, since Node loads it without TypeScript support, next to its packages. */
export default async function bundleWorker({ provide }: TestProject): Promise<void> {
  const outfile = new URL('../node_modules/.test-worker/worker.mjs', import.meta.url)
  await build({
    entryPoints: [fileURLToPath(new URL('../src/worker.ts', import.meta.url))],
    outfile: fileURLToPath(outfile),
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
    external: ['onnxruntime-node']
  })
  provide('workerScript', outfile.href)
}
