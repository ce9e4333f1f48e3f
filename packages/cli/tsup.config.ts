import { readFileSync } from 'node:fs'
import { defineConfig } from 'tsup'

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }

export default defineConfig({
  entry: ['src/cli.ts'],
  format: 'esm',
  target: 'node20',
  clean: true,
  metafile: true, // names what is bundled: NOTICE is checked against it
  banner: { js: '#!/usr/bin/env node' },
  external: ['usearch'], // tsup leaves only dependencies outside by itself, not optional ones
  noExternal: [/^@sohu-match\/node/, /^@sohu-match\/core/],
  define: { VERSION: JSON.stringify(version) }
})
