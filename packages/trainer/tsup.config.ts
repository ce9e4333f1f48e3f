import { cpSync, mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { defineConfig } from 'tsup'

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }

/** Copies the files that the bundle reads: presets, studies, the table of weights, jieba's dictionary, the kernels' sources. */
async function copyAssets(): Promise<void> {
  for (const name of ['presets', 'studies', 'native', 'weights.json'])
    cpSync(join('../train', name), join('dist', name), { recursive: true })
  const dictionary = createRequire(import.meta.url).resolve('@sohu-match/core/dictionary.bin')
  mkdirSync('dist/dictionary', { recursive: true })
  cpSync(dictionary, 'dist/dictionary/dictionary.bin')
  cpSync(join(dirname(dictionary), 'NOTICE'), 'dist/dictionary/NOTICE')
}

export default defineConfig({
  entry: ['src/cli.ts'],
  outDir: 'dist/lib', // the bundle, like the sources, looks for its files one folder up
  format: 'esm',
  target: 'node20',
  platform: 'node',
  clean: true,
  splitting: false, // one file, whose name does not change
  metafile: true, // names what is bundled: NOTICE is checked against it
  noExternal: [/^@sohu-match\//],
  define: { VERSION: JSON.stringify(version) },
  onSuccess: copyAssets
})
