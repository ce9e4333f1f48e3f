import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const HELP = `Usage: measure --model NAME=FOLDER [--model …] --data FOLDER [--split test …] [--dtype int8] [--json]
  --model    a model folder, and the name to print it under; may be repeated
  --data     data folder: Sohu layout or dataset.json
  --split    splits whose labelled pairs are scored; may be repeated (default: test)
  --dtype    graph to run (default: int8)
  --json     print JSON instead of tables`
if (process.argv.includes('--help')) {
  console.log(HELP)
  process.exit(0)
}

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
