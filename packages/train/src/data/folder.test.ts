import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { VARIANTS } from '@sohu-match/core'
import { readDataset } from '@sohu-match/node'
import { describe, expect, it } from 'vitest'
import { writeDemoCorpus } from './demo-corpus'

const pair = (label: object) => `${JSON.stringify({ source: '甲', target: '乙', ...label })}\n`

function folderWith(files: Record<string, string | Uint8Array>): string {
  const folder = mkdtempSync(join(tmpdir(), 'dataset-'))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

const whole = {
  [`${VARIANTS[0]}/train.txt`]: pair({ labelA: '1' }) + pair({ labelA: '0' }),
  [`${VARIANTS[0]}/valid.txt`]: pair({ labelA: '0' })
}

describe('a Sohu folder', () => {
  it('gives every line with its task, round2 included, and names what is missing', async () => {
    const folder = folderWith({
      ...whole,
      [`round2/${VARIANTS[0]}.txt`]: pair({ labelA: '1' }),
      [`round2/${VARIANTS[3]}.txt`]: pair({ labelB: '1' })
    })
    const data = await readDataset(folder, ['train', 'valid'])
    expect(data.splits.train.map(({ task, label }) => [task, label])).toEqual([
      [0, 1],
      [0, 0],
      [0, 1],
      [3, 1]
    ])
    expect(data.splits.valid).toEqual([{ a: '甲', b: '乙', task: 0, label: 0 }])
    expect(data.tasks.length).toBe(6)
    expect(data.missing).toEqual([VARIANTS[1], VARIANTS[2], `${VARIANTS[3]}/valid.txt`, VARIANTS[4], VARIANTS[5]])
  })

  it('takes test labels from test_labels.csv, and leaves a test line without one unlabelled', async () => {
    const folder = folderWith({
      [`${VARIANTS[1]}/test_with_id.txt`]: pair({ id: 'x,1' }) + pair({ id: 'y' }),
      'test_labels.csv': '\ufeffid,label\r\nx,1,1\r\nz,0\r\n'
    })
    expect((await readDataset(folder, ['test'])).splits.test).toEqual([
      { a: '甲', b: '乙', task: 1, id: 'x,1', label: 1 },
      { a: '甲', b: '乙', task: 1, id: 'y' }
    ])
  })

  it('reads texts with U+2028, \\r\\n line ends and a last line without an end', async () => {
    const line = `{"source":"甲\u2028乙","target":"","labelA":"1"}`
    const folder = folderWith({ [`${VARIANTS[0]}/train.txt`]: `${line}\r\n\r\n${line}` })
    expect((await readDataset(folder, ['train'])).splits.train.map((example) => example.a)).toEqual([
      '甲\u2028乙',
      '甲\u2028乙'
    ])
  })

  it('keeps a character whole that two pieces of the stream share', async () => {
    const text = '汉'.repeat(500_000) // 1.5 MB: more than one piece of 1 MiB
    const folder = folderWith({
      [`${VARIANTS[0]}/train.txt`]: JSON.stringify({ source: text, target: '', labelA: '1' })
    })
    expect((await readDataset(folder, ['train'])).splits.train[0]!.a).toBe(text)
  })

  it('reads back the demo corpus', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'demo-'))
    await writeDemoCorpus(folder, { train: 8, valid: 4, test: 4 })
    const { splits, missing } = await readDataset(folder)
    expect([splits.train.length, splits.valid.length, splits.test.length]).toEqual([48, 24, 24])
    expect(splits.test.filter((example) => example.label === 1).length).toBe(12)
    expect(missing).toEqual([])
  })
})

describe('bad input', () => {
  const problem = (files: Record<string, string | Uint8Array>) => readDataset(folderWith(files), ['train', 'valid'])

  it('is reported with file and line', async () => {
    const train = `${VARIANTS[0]}/train.txt`
    for (const [bad, said] of [
      ['{"source":', `${train}:3: the line is not JSON`],
      [pair({ labelA: '2' }), `${train}:3: "labelA" is "2"`],
      [pair({}), `${train}:3: "labelA" is missing`],
      [pair({ source: 3, labelA: '1' }), `${train}:3: "source" is 3`]
    ] as const) {
      await expect(problem({ ...whole, [train]: whole[train] + bad })).rejects.toMatchObject({
        code: 'data-invalid',
        message: expect.stringContaining(said)
      })
    }
    await expect(problem({ ...whole, [train]: '' })).rejects.toMatchObject({
      code: 'data-invalid',
      message: expect.stringContaining('is empty')
    })
    await expect(problem({ ...whole, [train]: '\n \n' })).rejects.toMatchObject({
      message: expect.stringContaining('is empty')
    })
    const gbk = Buffer.concat([Buffer.from(pair({ labelA: '1' })), Uint8Array.of(0xbc, 0xd7, 0x0a)])
    await expect(problem({ ...whole, [train]: gbk })).rejects.toMatchObject({
      code: 'data-invalid',
      message: expect.stringMatching(/train\.txt:2: .*not UTF-8/)
    })
  })

  it('includes a folder with nothing in it, none at all, and a wanted split without a file', async () => {
    await expect(problem({})).rejects.toMatchObject({
      code: 'data-invalid',
      message: expect.stringContaining('has no data')
    })
    await expect(readDataset(join(tmpdir(), 'no-such-folder'))).rejects.toMatchObject({ code: 'data-invalid' })
    await expect(readDataset(join(folderWith({ file: 'x' }), 'file'))).rejects.toMatchObject({
      code: 'data-invalid',
      message: expect.stringContaining('is a file')
    })
    await expect(readDataset(folderWith(whole))).rejects.toMatchObject({
      message: expect.stringContaining('has no test split')
    })
  })

  it('includes a bad or repeated test label', async () => {
    const test = { [`${VARIANTS[0]}/test_with_id.txt`]: pair({ id: 'x' }) }
    await expect(
      readDataset(folderWith({ ...test, 'test_labels.csv': 'id,label\nx,2\n' }), ['test'])
    ).rejects.toMatchObject({ message: expect.stringContaining('test_labels.csv:2: ') })
    await expect(readDataset(folderWith({ ...test, 'test_labels.csv': 'x,1\nx,0\n' }), ['test'])).rejects.toMatchObject(
      { message: expect.stringContaining('second label') }
    )
  })
})

describe('dataset.json', () => {
  it('names the tasks, files and fields', async () => {
    const folder = folderWith({
      'dataset.json': JSON.stringify({
        tasks: [
          {
            name: 'dup',
            train: ['q/a.jsonl', 'b.jsonl'],
            valid: ['v.jsonl'],
            fields: { a: 'q1', b: 'q2', label: 'same' }
          },
          { name: 'nli', group: 'n', train: ['n.jsonl'] }
        ]
      }),
      'q/a.jsonl': '{"q1":"一","q2":"二","same":"1"}',
      'b.jsonl': '{"q1":"三","q2":"四","same":"0"}',
      'v.jsonl': '{"q1":"五","q2":"六","same":"0"}',
      'n.jsonl': pair({ label: '1' })
    })
    const { tasks, splits, missing } = await readDataset(folder, ['train', 'valid'])
    expect(tasks).toEqual([
      { name: 'dup', id: 0, group: 'dup' },
      { name: 'nli', id: 1, group: 'n' }
    ])
    expect(splits.train.map(({ a, task, label }) => [a, task, label])).toEqual([
      ['一', 0, 1],
      ['三', 0, 0],
      ['甲', 1, 1]
    ])
    expect(missing).toEqual(['nli (valid)'])
  })

  it('must not name a file that is not there', async () => {
    const folder = folderWith({ 'dataset.json': '{"tasks":[{"name":"x","train":["none.jsonl"]}]}' })
    await expect(readDataset(folder, ['train'])).rejects.toMatchObject({
      code: 'data-invalid',
      message: expect.stringContaining('none.jsonl')
    })
  })
})

const shared = fileURLToPath(new URL('../../../../../shared/data', import.meta.url))
describe.skipIf(!existsSync(shared))('the shared data', () => {
  it('is read whole: 23,200 train pairs of six tasks; three variants of the Sohu samples', async () => {
    const news = await readDataset(join(shared, 'news-pairs'))
    expect([news.splits.train.length, news.splits.valid.length, news.splits.test.length]).toEqual([23_200, 3000, 3000])
    expect(news.splits.test.every((example) => example.label !== undefined)).toBe(true)
    const samples = await readDataset(join(shared, 'sohu-samples'))
    expect(samples.missing).toEqual([VARIANTS[1], VARIANTS[3], VARIANTS[5]])
  })
})
