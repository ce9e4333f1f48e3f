import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readPairFile } from './pair-files'
import { withColumns } from './write'

const folder = mkdtempSync(join(tmpdir(), 'written-'))
const fixture = fileURLToPath(new URL('../../fixtures/pairs/pairs.csv', import.meta.url))
const fileWith = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

describe('a file written with scores', () => {
  it('can be read back, with the same pairs, whatever is in them', async () => {
    const file = await readPairFile(fixture)
    const scores = file.rows.map((_, i) => i / 8)
    for (const name of ['out.csv', 'out.jsonl']) {
      const written = await readPairFile(fileWith(name, withColumns(file, name, [{ name: 'score', values: scores }])))
      expect(written.pairs).toEqual(file.pairs)
      expect(written.names).toEqual(['q1', 'q2', 'label', 'id', 'score'])
      expect(written.rows.map(({ cells, values }) => Number(cells ? cells[4] : values!['score']))).toEqual(scores)
    }
  })

  it('keeps the digits and the order of a JSON line, and gives a taken name a number', async () => {
    const line = '{"id":1234567890123456789, "a":"甲","b":"乙","score":1.0 } '
    const file = await readPairFile(fileWith('x.jsonl', `${line}\n`))
    expect(withColumns(file, 'y.jsonl', [{ name: 'score', values: [0.25] }])).toBe(
      '{"id":1234567890123456789, "a":"甲","b":"乙","score":1.0,"score_2":0.25}\n'
    )
  })

  it('is without a header where the input has none', async () => {
    const file = await readPairFile(fileWith('x.tsv', '甲\t"乙"""\t1\n丙\t丁\t0\n'))
    expect(withColumns(file, 'y.tsv', [{ name: 'score', values: [0.5, 1] }])).toBe('甲\t乙"\t1\t0.5\n丙\t丁\t0\t1\n')
    expect(() => withColumns(file, 'y.xlsx', [])).toThrow('must end in .csv, .tsv or .jsonl')
  })

  it('has the 64-bit integers of Parquet digit for digit', async () => {
    const file = await readPairFile(fixture.replace('.csv', '.parquet'))
    expect(withColumns(file, 'y.csv', []).split('\n')[1]).toBe('怎么开通手机银行,手机银行如何开通,1,9007199254740993')
    expect(withColumns(file, 'y.jsonl', [{ name: 's', values: [1, 1, 1, 1] }]).split('\n')[0]).toContain(
      '"id":"9007199254740993"'
    )
  })
})
