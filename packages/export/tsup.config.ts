import { defineConfig } from 'tsup'

export default defineConfig({
  entry: { cli: 'src/cli.ts', 'random-checkpoint': 'tools/random-checkpoint.ts', 'webgpu-run': 'tools/webgpu-run.ts' },
  format: 'esm',
  target: 'node20',
  platform: 'node',
  clean: true,
  sourcemap: true,
  noExternal: [/^@sohu-match\//]
})
