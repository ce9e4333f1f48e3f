import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { labelsCsv, readLabels } from './labels'

const path = join(mkdtempSync(join(tmpdir(), 'labels-')), 'test_labels.csv')
const read = (text: string): Promise<[string, number][]> => {
  writeFileSync(path, text)
  return readLabels(path).then((labels) => [...labels])
}

describe('a file of labels', () => {
  it('reads back every id that was written, whatever is in it', async () => {
    const id = fc.string({ unit: fc.constantFrom('a', '1', '"', ',', '\n', ' ', '中', '\u2028') })
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(id, { minLength: 1 }), async (ids) => {
        const rows = ids.map((id, i) => ({ id, label: (i % 2) as 0 | 1 }))
        expect(await read(labelsCsv(rows))).toEqual(rows.map(({ id, label }) => [id, label]))
      }),
      { numRuns: 50 }
    )
  })

  it('is CSV as RFC 4180 has it', () => {
    expect(
      labelsCsv([
        { id: 'x,1', label: 1 },
        { id: 'say "hi"', label: 0 },
        { id: '7', label: 1 }
      ])
    ).toBe('id,label\n"x,1",1\n"say ""hi""",0\n7,1\n')
  })

  it('reads an id with commas that is not quoted', async () => {
    expect(await read('\ufeffid,label\r\nx,1,1\r\n\r\nz,0')).toEqual([
      ['x,1', 1],
      ['z', 0]
    ])
  })

  it.each([
    ['', 'is empty'],
    ['id,label\nx,2\n', 'csv:2: the line is "x,2"'],
    ['x,1\n"x",0\n', 'csv:2: the id "x" has a second label'],
    ['a,1\n"open,1\nb,0\n', 'csv:2: the line is ""open,1']
  ])('refuses %j', async (text, message) => {
    await expect(read(text)).rejects.toMatchObject({ code: 'data-invalid', message: expect.stringContaining(message) })
  })
})
