#!/usr/bin/env node
// Runs every JavaScript block of the READMEs that uses the Node SDK, as written: it must end well and print nothing to stderr.
// The lines for the web are run in a fresh Vite app by e2e, from the web SDK's README; here the root README must show the same ones.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'

const READMES = ['README.md', 'packages/sdk-node/README.md', 'packages/model-demo/README.md']
const folder = 'node_modules/.sohu-match/readme'

mkdirSync(folder, { recursive: true })
const blocksOf = (file, sdk) => [...readFileSync(file, 'utf8').matchAll(/^```(?:js|mjs|ts)\n([\s\S]*?)^```$/gm)]
  .map(([, code]) => code).filter((code) => code.includes(`from '@sohu-match/${sdk}'`))
const blocks = READMES.flatMap((file) => blocksOf(file, 'sdk-node').map((code, index) => ({ file, index, code })))
if (blocks.length === 0) throw new Error(`No block of ${READMES.join(', ')} uses @sohu-match/sdk-node.`)

let failed = 0
if (blocksOf('README.md', 'sdk-web')[0] !== blocksOf('packages/sdk-web/README.md', 'sdk-web')[0]) {
  failed++
  console.log('FAIL README.md: its lines for the web are not those of packages/sdk-web/README.md, which e2e runs')
}
for (const { file, index, code } of blocks) {
  const path = `${folder}/${file.replace(/\W+/g, '-')}-${index}.mjs`
  writeFileSync(path, code)
  const { status, stdout, stderr } = spawnSync(process.execPath, [path], { encoding: 'utf8', timeout: 120_000 })
  const good = status === 0 && stderr === ''
  if (!good) failed++
  console.log(`${good ? 'ok  ' : 'FAIL'} ${file}, block ${index + 1}: exit ${status}${stderr && `\n${stderr}`}\n${stdout.trimEnd().replace(/^/gm, '     ')}`)
}
process.exitCode = failed > 0 ? 1 : 0
