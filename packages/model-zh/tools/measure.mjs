import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

// Bundles bench/measure.ts and runs it.
const folder = fileURLToPath(new URL('..', import.meta.url))
await build({
  entryPoints: [`${folder}bench/measure.ts`],
  outfile: `${folder}dist/measure.js`,
  bundle: true,
  platform: 'node',
  format: 'esm',
  external: ['@sohu-match/sdk-node', 'onnxruntime-node'],
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" }
})
const { status } = spawnSync(process.execPath, [`${folder}dist/measure.js`, ...process.argv.slice(2)], {
  stdio: 'inherit'
})
process.exitCode = status ?? 1
