import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createTokenizer, evaluateRows, SOHU_TASKS, type Example } from '@sohu-match/core'
import { readDataset } from '@sohu-match/node'
import { describe, expect, it } from 'vitest'
import { createRandom } from '../data/random'
import { fitLexicalBaseline } from './baseline'
import { lexicalFeatures, termStatistics, textTerms } from './features'
import { fitLogistic, logisticScore } from './logistic'

const letters = (text: string) => [...text]

describe('fitLogistic', () => {
  it('finds the weights of a known model', () => {
    const random = createRandom(1)
    const rows = Array.from({ length: 20_000 }, () => Float64Array.of(random.normal(), 3 + 2 * random.normal()))
    const labels = rows.map((row) =>
      random.chance(1 / (1 + Math.exp(-(0.5 + 1.2 * row[0]! - 0.4 * row[1]!)))) ? 1 : 0
    )
    const { weights, deviation, mean } = fitLogistic(rows, labels)
    const raw = weights.slice(0, 2).map((weight, i) => weight / deviation[i]!)
    // three standard errors, about .02 each at 20,000 rows
    expect(Math.abs(raw[0]! - 1.2)).toBeLessThan(0.07)
    expect(Math.abs(raw[1]! + 0.4)).toBeLessThan(0.04)
    expect(Math.abs(weights[2]! - raw[0]! * mean[0]! - raw[1]! * mean[1]! - 0.5)).toBeLessThan(0.12)
  })

  it('stays finite where the classes part cleanly, and refuses one class', () => {
    const rows = [-2, -1, 1, 2].map((value) => Float64Array.of(value))
    const model = fitLogistic(rows, [0, 0, 1, 1])
    expect(logisticScore(model, Float64Array.of(2))).toBeGreaterThan(0.7)
    expect(() => fitLogistic(rows, [1, 1, 1, 1])).toThrow('one label')
  })
})

describe('lexicalFeatures', () => {
  it('measure what two texts have in common', () => {
    const terms = (text: string) => textTerms(text, letters)
    const statistics = termStatistics(['甲乙', '甲丙'].map(terms))
    const idf = (count: number) => Math.log(3 / (1 + count)) + 1
    const [words, grams, jaccard, containment, overlap, first, second] = lexicalFeatures(
      terms('甲乙'),
      terms('甲乙丁'),
      statistics
    )
    const [x, y, z] = [idf(2), idf(1), idf(0)]
    expect(words).toBeCloseTo((x * x + y * y) / Math.sqrt((x * x + y * y) * (x * x + y * y + z * z)), 12)
    expect(grams).toBeCloseTo((y * y) / Math.sqrt(y * y * (y * y + z * z)), 12)
    expect([jaccard, containment, overlap, first, second]).toEqual([1 / 2, 1, 1, Math.log(3), Math.log(4)])
    expect([...lexicalFeatures(terms(''), terms('甲'), statistics)].slice(0, 5)).toEqual([0, 0, 0, 0, 0])
  })
})

describe('fitLexicalBaseline', () => {
  it('keeps to tasks that train has, and to labelled pairs', () => {
    const pair = (task: number, a: string, b: string, label?: 0 | 1): Example => ({
      a,
      b,
      task,
      ...(label !== undefined && { label })
    })
    const train = [
      pair(2, '甲乙', '甲乙', 1),
      pair(2, '甲乙', '丙丁', 0),
      pair(2, '丙丁', '丙丁', 1),
      pair(2, '丙丁', '甲乙', 0)
    ]
    const baseline = fitLexicalBaseline(train, train, letters)
    const rows = baseline.rows([
      pair(2, '戊己', '戊己', 1),
      pair(2, '戊己', '庚辛', 0),
      pair(2, '戊', '戊'),
      pair(1, '戊', '戊', 1)
    ])
    expect(rows.map(({ task, label, predicted }) => [task, label, predicted])).toEqual([
      [2, 1, 1],
      [2, 0, 0]
    ])
    expect(baseline.thresholds.get(2)).toBe(0.5) // fewer than 50 rows
  })
})

const shared = fileURLToPath(new URL('../../../../../shared/data', import.meta.url))
const dictionary = fileURLToPath(new URL('../../../core/dist/dictionary.bin', import.meta.url))
describe.skipIf(!existsSync(shared) || !existsSync(dictionary))('on the news pairs', () => {
  it('is at or above the figures of their README in every task', async () => {
    const { splits } = await readDataset(`${shared}/news-pairs`)
    const tokenizer = createTokenizer(readFileSync(`${shared}/wobert-vocab.txt`, 'utf8'), readFileSync(dictionary))
    const { tasks } = evaluateRows(
      fitLexicalBaseline(splits.train, splits.valid, tokenizer.words).rows(splits.test),
      SOHU_TASKS
    )
    const readme = { 'A-ss': 0.838, 'B-ss': 0.839, 'A-sl': 0.964, 'B-sl': 0.834, 'A-ll': 0.948, 'B-ll': 0.835 }
    const ours = { 'A-ss': 0.935, 'B-ss': 0.873, 'A-sl': 0.97, 'B-sl': 0.866, 'A-ll': 0.944, 'B-ll': 0.851 }
    for (const [task, auc] of Object.entries(readme)) {
      // .02: the README's program is not at hand; its idf, overlap and lower-casing differ in details unknown.
      // On the short texts ours is well above.
      expect(tasks[task]!.auc, `${task}: AUC`).toBeGreaterThan(auc - 0.02)
      expect(tasks[task]!.auc, `${task}: AUC`).toBeCloseTo(ours[task as keyof typeof ours], 2) // as measured: holds it still
    }
  })
})
