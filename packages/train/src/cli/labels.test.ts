import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { VARIANTS, type Example } from '@sohu-match/core'
import { readDataset } from '@sohu-match/node'
import { describe, expect, it } from 'vitest'
import { labelGaps } from './evaluate'
import { submission } from './predict'

const big = (i: number): string => String(1234567890123456789n + BigInt(i))

async function testSplit(lines: readonly string[], labels: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'ids-'))
  mkdirSync(join(folder, VARIANTS[0]))
  writeFileSync(join(folder, VARIANTS[0], 'test_with_id.txt'), lines.map((line) => `${line}\n`).join(''))
  writeFileSync(join(folder, 'test_labels.csv'), ['id,label', ...labels].map((line) => `${line}\n`).join(''))
  return readDataset(folder, ['test'])
}

const line = (id: string): string => `{"source":"甲","target":"乙","id":${id}}`

describe('ids and labels', () => {
  it('join 200 pairs whose ids differ only beyond 2^53 with their own labels', async () => {
    const numbers = Array.from({ length: 200 }, (_, i) => i)
    const { splits, strayLabels } = await testSplit(
      numbers.map((i) => line(big(i))),
      numbers.map((i) => `${big(i)},${i % 3 === 0 ? 1 : 0}`)
    )
    expect(splits.test.map(({ label }) => label)).toEqual(numbers.map((i) => (i % 3 === 0 ? 1 : 0)))
    expect(strayLabels).toEqual([])
    const rows = submission(splits.test, (i) => (i % 2 === 0 ? 1 : 0))
    expect(new Set(rows.map(({ id }) => id)).size).toBe(200)
    expect(rows[1]).toEqual({ id: '1234567890123456790', label: 0 })
  })

  it('count and name labels without a pair and pairs without a label', async () => {
    const { splits, strayLabels } = await testSplit(
      [line('1'), line('2')],
      ['2,1', ...'abcdefg'].map((row) => (row.length > 1 ? row : `${row},0`))
    )
    const unlabelled = splits.test.flatMap(({ id, label }) => (label === undefined ? [id!] : []))
    expect(labelGaps({ strayLabels, unlabelled })).toEqual([
      'Labels in test_labels.csv without a pair: 7 (a, b, c, d, e and 2 more).',
      'Pairs without a label, left out: 1 (1).'
    ])
    expect(labelGaps({ strayLabels: [], unlabelled: [] })).toEqual([])
  })

  it('refuse a labelled id that two pairs have', async () => {
    await expect(testSplit([line('1'), line('"1"')], ['1,1'])).rejects.toMatchObject({
      code: 'data-invalid',
      message: expect.stringContaining('Two test pairs have the id "1"')
    })
    const pair: Example = { a: '', b: '', task: 0, id: 'x' }
    expect(() => submission([pair, { ...pair, id: 'y' }, pair], () => 1)).toThrow(/pairs 1 and 3 have the same id "x"/)
    expect(() => submission([{ a: '', b: '', task: 0 }], () => 1)).toThrow(/pair 1 has no "id"/)
  })
})
