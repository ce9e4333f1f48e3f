import { defineConfig } from 'tsup'

export default defineConfig({
  entry: { cli: 'src/cli.ts', 'gpu/check': 'src/gpu/check.ts' }, // the latter as deep as its source: it reads core's fixtures
  format: 'esm',
  target: 'node20',
  platform: 'node',
  clean: true,
  sourcemap: true,
  noExternal: [/^@sohu-match\//]
})
