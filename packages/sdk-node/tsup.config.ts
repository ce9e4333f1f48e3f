import { readFileSync, rmSync } from 'node:fs'
import { defineConfig } from 'tsup'

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }

export default defineConfig({
  entry: ['src/index.ts', 'src/worker.ts'],
  format: ['esm', 'cjs'],
  target: 'node20',
  splitting: false,
  clean: true,
  metafile: true, // names what is bundled: NOTICE is checked against it
  shims: true, // import.meta.url in the CommonJS build
  noExternal: [/^@sohu-match\//, 'valibot'],
  // core and node are private: their types are bundled from their sources
  dts: {
    entry: 'src/index.ts',
    banner: '/// <reference lib="esnext.disposable" />', // AsyncDisposable, whatever the user's `lib`
    compilerOptions: {
      ignoreDeprecations: '6.0',
      paths: { '@sohu-match/core': ['../core/src/index.ts'], '@sohu-match/node': ['../node/src/index.ts'] }
    }
  },
  define: { VERSION: JSON.stringify(version) },
  onSuccess: async () => rmSync('dist/worker.cjs', { force: true }) // both builds start worker.js
})
