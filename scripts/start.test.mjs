// npm start without a source of public weights, and with --from-scratch: both produce a trained model that matches texts.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { generated, news } from './shown-pairs.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(path.join(os.tmpdir(), 'start-'))
after(() => rmSync(folder, { recursive: true }))

/** An environment in which neither the hub nor Maven has the weights, and none are cached. */
function withoutWeights() {
  writeFileSync(path.join(folder, 'mvn'), '#!/bin/sh\necho "no repository can be reached" >&2\nexit 1\n')
  chmodSync(path.join(folder, 'mvn'), 0o755)
  const cache = path.join(folder, 'cache')
  const PATH = [folder, process.env.PATH].join(path.delimiter)
  return { ...process.env, HF_ENDPOINT: 'http://127.0.0.1:1', SOHU_MATCH_CACHE: cache, PATH }
}

/** The output of `npm start -- --short …`; throws if it fails. Leftovers of earlier runs are removed. */
function start(env, ...flags) {
  const zh = ['runs/model-zh-quick-short-1', 'packages/model-zh/model-quick-short']
  for (const left of ['runs/demo-short', 'models/demo-short', ...zh])
    rmSync(path.join(ROOT, left), { recursive: true, force: true })
  return execFileSync(process.execPath, ['scripts/start.mjs', '--short', ...flags], {
    cwd: ROOT,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 1e8
  })
}

function assertTrainedFromScratch(printed) {
  assert.ok(existsSync(path.join(ROOT, 'models/demo-short/manifest.json')))
  const shown = printed.slice(printed.indexOf('Match texts with'))
  for (const [kind, , a] of generated) assert.ok(shown.includes(`(${kind})  ${a}`), shown)
  assert.match(shown, /A-ss 0\.\d{3} (no )?match +B-ss 0\.\d{3} (no )?match/)
  assert.match(shown, /sohu-demo on cpu, int8\n$/)
}

it('says in one sentence that there are no public weights, and trains from scratch', () => {
  const printed = start(withoutWeights())
  assert.match(printed, /train import --from bge-small-zh-v1\.5/)
  const sentences = printed.match(
    /^The public weights are not available .* trained from scratch on a generated corpus\.$/gm
  )
  assert.equal(sentences?.length, 1)
  assertTrainedFromScratch(printed)
})

it('does not ask for weights with --from-scratch', () => {
  const printed = start(withoutWeights(), '--from-scratch')
  assert.doesNotMatch(printed, /public weights/)
  assertTrainedFromScratch(printed)
})

it('shows matches of texts that are in no corpus', () => {
  const written = ['packages/corpus/news', 'packages/corpus/questions', 'runs/.cache/demo-corpus'].flatMap((name) =>
    readdirSync(path.join(ROOT, name), { recursive: true })
      .filter((file) => /\.(jsonl|txt)$/.test(file))
      .map((file) => readFileSync(path.join(ROOT, name, file), 'utf8'))
  )
  assert.ok(written.length > 20, `${written.length} files`)
  for (const [, , a, b] of [...news, ...generated])
    for (const text of [a, b]) assert.ok(!written.some((corpus) => corpus.includes(`"${text}"`)), text)
})
