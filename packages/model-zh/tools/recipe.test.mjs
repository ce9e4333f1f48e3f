import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, it } from 'node:test'
import { fileURLToPath } from 'node:url'

/** A command that records its flags and makes empty outputs: the recipe runs without corpus, weights or training. */
const RECORDER = `
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
const flags = process.argv.slice(2)
appendFileSync('commands.txt', flags.join(' ') + '\\n')
const out = flags[flags.indexOf('--out') + 1]
mkdirSync(out + '/news', { recursive: true })
for (const file of ['train.json', 'manifest.json', 'news/dataset.json']) writeFileSync(out + '/' + file, '{}')
`

let root
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sohu-match-recipe-'))
  const tools = join(root, 'packages/model-zh/tools')
  cpSync(dirname(fileURLToPath(import.meta.url)), tools, { recursive: true })
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }')
  for (const name of ['corpus', 'train', 'export']) {
    mkdirSync(join(root, 'packages', name, 'dist'), { recursive: true })
    writeFileSync(join(root, 'packages', name, 'dist/cli.js'), RECORDER)
  }
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

function run(tool, ...flags) {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'packages/model-zh/tools', tool), ...flags])
  assert.equal(status, 0, String(stderr))
  return readFileSync(join(root, 'commands.txt'), 'utf8').trim().split('\n')
}

it('a small model of another seed leaves the published folder alone', () => {
  const commands = run('build-small.mjs', '--seed', '2', '--out', 'packages/model-zh/other')
  assert.equal(existsSync(join(root, 'packages/model-zh/model')), false)
  assert.deepEqual(
    commands.filter((command) => command.includes('--dtype')).map((command) => / --out (\S+)/.exec(command)[1]),
    ['packages/model-zh/other']
  )
  assert.ok(commands.some((command) => command.includes('--teacher runs/model-zh-2/mixed')))
})

it('both models may lose the same F1 in a precision, and a short one any', () => {
  const gateOf = (tool, ...flags) => / --(gate \S+|no-gate)/.exec(run(tool, ...flags).at(-1))[1]
  assert.equal(gateOf('build-small.mjs'), gateOf('build-model.mjs'))
  assert.equal(gateOf('build-small.mjs', '--short'), 'no-gate')
})

it('--force trains and exports a model again; without it nothing is done twice', () => {
  const first = run('build-model.mjs')
  assert.deepEqual(run('build-model.mjs'), first)
  assert.equal(run('build-model.mjs', '--force').length, 2 * first.length)
})

it('exports over a model that it did not write, without training again', () => {
  const first = run('build-model.mjs', '--out', 'models/zh')
  writeFileSync(join(root, 'models/zh/manifest.json'), '{ "name": "another" }')
  assert.deepEqual(run('build-model.mjs', '--out', 'models/zh'), [...first, first.at(-1)])
})
