import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { settingsDigest } from './cells.mjs'
import { chart } from './chart.mjs'
import { overlapAuc } from './overlap.mjs'
import { readPairs, shuffled, writeDataFolder } from './data.mjs'

const folder = mkdtempSync(join(tmpdir(), 'few-shot-'))
after(() => rmSync(folder, { recursive: true }))

/** A folder of pairs: `count` in each split, as Sohu's lines. */
function pairsFolder(count) {
  const path = join(folder, 'pairs')
  mkdirSync(path, { recursive: true })
  const line = (i) => JSON.stringify({ source: `甲${i}`, target: `乙${i}`, labelA: String(i % 2) })
  const text = Array.from({ length: count }, (_, i) => line(i)).join('\n')
  for (const split of ['train', 'valid', 'test']) writeFileSync(join(path, `${split}.txt`), text)
  return path
}

test('a smaller draw is a prefix of a larger one, and another seed draws other pairs', () => {
  const items = Array.from({ length: 1000 }, (_, i) => i)
  const drawn = shuffled(items, 'train 1')
  assert.deepEqual(
    [...drawn].sort((a, b) => a - b),
    items
  )
  assert.notDeepEqual(drawn, items)
  assert.notDeepEqual(drawn.slice(0, 100), shuffled(items, 'train 2').slice(0, 100))
  const lines = (train) => {
    const out = join(folder, `drawn-${train}`)
    writeDataFolder(out, 'B-ss', readPairs(pairsFolder(50)), { train, valid: 20, test: 30, seed: 1 })
    return ['train', 'valid', 'test'].map((split) =>
      readFileSync(join(out, `${split}.jsonl`), 'utf8')
        .trim()
        .split('\n')
    )
  }
  const [few, many] = [lines(10), lines(40)]
  assert.deepEqual(
    few.map(({ length }) => length),
    [10, 20, 30]
  )
  assert.deepEqual(many[0].slice(0, 10), few[0])
  assert.deepEqual(many.slice(1), few.slice(1))
  assert.throws(() => lines(51), /There are 50 training pairs, not 51/)
})

test('reads one file of tab-separated pairs, and names a line that is not a pair', () => {
  const file = join(folder, 'pairs.tsv')
  writeFileSync(file, Array.from({ length: 100 }, (_, i) => `甲${i}\t乙${i}\t${i % 2}\r\n`).join(''))
  const { train, valid, test } = readPairs(file)
  assert.deepEqual([train.length, valid.length, test.length], [70, 15, 15])
  assert.equal(new Set([...train, ...valid, ...test].map(({ a }) => a)).size, 100)
  writeFileSync(file, '甲\t乙\t1\n甲\t乙\n')
  assert.throws(() => readPairs(file), /pairs\.tsv:2 is not two texts and a label/)
})

test('a finished cell is not reused for other pairs, limits, weights or numbers of pairs', () => {
  const path = pairsFolder(20)
  const model = join(folder, 'runs')
  mkdirSync(join(model, 'mixed'), { recursive: true })
  const parity = (text) => writeFileSync(join(model, 'mixed', 'parity.json'), text)
  parity('1')
  const cell = { path, model, task: 'B-ss', valid: '500', test: 'Infinity', start: 'model-zh', pairs: 100 }
  const first = settingsDigest(cell)
  assert.equal(settingsDigest({ ...cell }), first)
  for (const change of [{ task: 'A-ss' }, { valid: '200' }, { test: '10' }, { start: 'bge' }, { pairs: 300 }])
    assert.notEqual(settingsDigest({ ...cell, ...change }), first, JSON.stringify(change))
  parity('2')
  assert.notEqual(settingsDigest(cell), first)
  parity('1')
  writeFileSync(join(path, 'test.txt'), '{}')
  assert.notEqual(settingsDigest(cell), first)
})

test('draws a line through the mean of the seeds, a panel for each data set', () => {
  const cell = (data, start, pairs, seed, value) => ({ data, start, pairs, seed, f1: { value } })
  const svg = chart([
    cell('one', 'model-zh', 100, 1, 0.7),
    cell('one', 'model-zh', 100, 2, 0.8),
    cell('one', 'model-zh', 1000, 1, 0.8),
    cell('two', 'model-zh', 100, 1, 0.75),
    { data: 'two', start: 'model-zh', pairs: 0, auc: { value: 0.7 } }
  ])
  const lines = [...svg.matchAll(/<polyline points="([^"]*)"/g)].map(([, points]) => points.split(' '))
  assert.deepEqual(
    lines.map(({ length }) => length),
    [2, 1]
  )
  assert.equal(lines[0][0], lines[1][0], '0.75 is the mean of 0.7 and 0.8')
  assert.ok(Number(lines[0][1].split(',')[1]) < Number(lines[0][0].split(',')[1]), 'better is higher')
})

test('the AUC of common character pairs is the share of matches above others, ties counting half', () => {
  const pairs = [
    { a: '今天下雨', b: '今天下雨了', label: '1' },
    { a: '今天下雨', b: '股市大涨', label: '1' },
    { a: '今天下雨', b: '今天放晴', label: '0' },
    { a: '甲', b: '乙', label: '0' }
  ]
  assert.equal(overlapAuc(pairs), (2 + 0.5) / 4)
})

test('a start that is unknown and data without a name are refused', () => {
  const run = (...flags) => spawnSync(process.execPath, [join(import.meta.dirname, '../few-shot.mjs'), ...flags])
  const unknown = run('--data', `x=${pairsFolder(10)}`, '--starts', 'bert', '--out', join(folder, 'out'))
  assert.match(String(unknown.stderr), /There is no start "bert"/)
  assert.match(String(run('--data', 'x').stderr), /is not NAME=PATH/)
  assert.equal(run('--help').status, 0)
})
