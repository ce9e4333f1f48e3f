import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { parseTrainSettings } from '../config'
import { TINY_MODEL } from '../run/tiny-model.fixtures'
import { heldOutScores, type HeldOutOptions } from './held-out-scores'

const root = mkdtempSync(join(tmpdir(), 'held-out-'))
afterAll(() => rmSync(root, { recursive: true }))

const pairs = Array.from({ length: 60 }, (_, i) => ({
  a: `第${i}条新闻`,
  b: i % 2 ? `第${i}条新闻来了` : `别的事${i}`,
  label: i % 2
}))
const data = join(root, 'pairs.tsv')
writeFileSync(data, ['q1\tq2\tlabel', ...pairs.map(({ a, b, label }) => `${a}\t${b}\t${label}`)].join('\n'))

const settings = parseTrainSettings({ model: TINY_MODEL, epochs: 1, learning_rate: 0.001, batch_pairs: 8 }, 'the test')
const options: HeldOutOptions = { data, out: join(root, 'folds'), folds: 3, settingsFor: async () => settings }

it('scores every pair once, with a network that was trained without it, and keeps no weights', async () => {
  const trained: number[] = []
  const found = await heldOutScores({ ...options, onFold: (fold) => trained.push(fold) })
  expect(trained).toEqual([0, 1, 2])
  expect(found!.pairs.map(({ place }) => place)).toEqual(pairs.map((_, i) => i))
  const texts = (fold: number, split: string): string[] =>
    readFileSync(join(options.out, `fold-${fold}`, 'data', `0.${split}.jsonl`), 'utf8')
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { source: string }).source)
  const scored = [1, 2, 3].flatMap((fold) => {
    const [train, valid, test] = ['train', 'valid', 'test'].map((split) => texts(fold, split)) as [
      string[],
      string[],
      string[]
    ]
    expect(new Set([...train, ...valid, ...test]).size).toBe(60)
    expect(test.length).toBe(20)
    return test
  })
  expect(new Set(scored).size).toBe(60)
  for (const { a, b, label, score } of found!.pairs) {
    expect(pairs).toContainEqual({ a, b, label })
    expect(score).toBeGreaterThan(0)
  }
  for (const fold of [1, 2, 3]) expect(existsSync(join(options.out, `fold-${fold}`, 'run'))).toBe(false)
})

it('trains no finished fold again, and refuses folds of other settings', async () => {
  const again = await heldOutScores({ ...options, onFold: () => expect.unreachable() })
  expect(again!.pairs).toHaveLength(60)
  const others = {
    ...options,
    settingsFor: async () => parseTrainSettings({ model: TINY_MODEL, epochs: 2, learning_rate: 0.001 }, 'the test')
  }
  await expect(heldOutScores(others)).rejects.toMatchObject({ code: 'output-exists' })
})

it('stops on request, and the same call continues where it stopped', async () => {
  const out = join(root, 'stopped')
  let steps = 0
  const stopped = await heldOutScores({ ...options, out, hooks: { stopping: () => ++steps > 6 } })
  expect(stopped).toBeUndefined()
  expect(readdirSync(out)).toContain('fold-1')
  const trained: number[] = []
  const found = await heldOutScores({ ...options, out, onFold: (fold) => trained.push(fold) })
  expect(found!.pairs).toHaveLength(60)
  expect(trained.length).toBeGreaterThan(0)
})

it('does not read the folds of an attempt that failed before training, whose pairs may be others', async () => {
  const out = join(root, 'again')
  const refused = { ...options, out, folds: 5, settingsFor: () => Promise.reject(new Error('a key that is unknown')) }
  await expect(heldOutScores(refused)).rejects.toThrow('a key that is unknown')
  const found = await heldOutScores({ ...options, out })
  expect(found!.pairs.map(({ place }) => place)).toEqual(pairs.map((_, i) => i))
})
