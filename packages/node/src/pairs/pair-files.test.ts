import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readDataset } from '../dataset'
import { readPairFile } from './pair-files'

const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/pairs/${name}`, import.meta.url))

function fileWith(name: string, content: string | Uint8Array): string {
  const path = join(mkdtempSync(join(tmpdir(), 'pairs-')), name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  return path
}

const read = async (name: string, content: string | Uint8Array) =>
  (await readPairFile(fileWith(name, content))).pairs.map(({ example }) => example)

const problem = (name: string, content: string | Uint8Array): Promise<string> =>
  readPairFile(fileWith(name, content)).then(
    () => expect.fail('the file was accepted') as never,
    (error: { code: string; message: string }) => {
      expect(error.code).toBe('data-invalid')
      return error.message
    }
  )

/** The rows of fixtures/make_pairs.py. */
const ROWS = [
  { a: '怎么开通手机银行', b: '手机银行如何开通', task: 0, label: 1, id: '9007199254740993' },
  { a: '他说"可以,没问题"', b: '第一行\n第二行', task: 0, label: 0, id: '2' },
  { a: '\u2028行分隔符', b: '  前后有空格  ', task: 0, label: 1, id: '3' },
  { a: '甲\t乙', b: 'a "quoted" word', task: 0, label: 0, id: '4' }
]

describe('a file of pairs', () => {
  it('is the same as CSV (by Python), as Parquet (by pyarrow) and as JSON Lines', async () => {
    for (const name of ['pairs.csv', 'pairs.parquet'])
      expect((await readPairFile(fixture(name))).pairs.map(({ example }) => example)).toEqual(ROWS)
    const lines = ROWS.map(
      ({ a, b, label, id }) => `{"q1":${JSON.stringify(a)},"q2":${JSON.stringify(b)},"label":${label},"id":${id}}\n`
    )
    expect(await read('pairs.jsonl', `\ufeff${lines.join('')}`)).toEqual(ROWS)
  })

  it('accepts labels as numbers, texts, booleans and decimals', async () => {
    const labels = ['1', '0', '"1"', '"0"', 'true', 'false', '1.0', '"0.0"', '"True"']
    const lines = labels.map((label) => `{"a":"甲","b":"乙","label":${label}}`)
    expect((await read('x.jsonl', lines.join('\n'))).map(({ label }) => label)).toEqual([1, 0, 1, 0, 1, 0, 1, 0, 1])
    const cells = ['1', '0', 'TRUE', 'False', '1.0', '0.', ' 1 ']
    const rows = cells.map((cell) => `甲,乙,${cell}`)
    expect((await read('x.csv', ['a,b,label', ...rows].join('\r\n'))).map(({ label }) => label)).toEqual([
      1, 0, 1, 0, 1, 0, 1
    ])
  })

  it('refuses another label with its file and line, and says what is accepted', async () => {
    const accepted = 'it must be 0 or 1 (also as text, true or false, 1.0)'
    expect(await problem('x.csv', 'a,b,label\n甲,"乙\n丙",1\n丁,戊,2\n')).toMatch(/x\.csv:4: "label" is "2"; /)
    expect(await problem('x.jsonl', '{"a":"甲","b":"乙","label":0.5}')).toContain(
      `x.jsonl:1: "label" is 0.5; ${accepted}`
    )
    expect(await problem('x.tsv', 'a\tb\tlabel\n甲\t乙\tyes\n')).toContain(`x.tsv:2: "label" is "yes"; ${accepted}`)
  })

  it('names the line of a row within quotes that goes over several', async () => {
    expect(await problem('x.csv', 'a,b,label\n"一\n二\n三",乙,maybe\n')).toContain('x.csv:2: "label" is "maybe"')
  })

  it('takes columns by their names in any case, or by position where there is no header', async () => {
    const columns = async (name: string, content: string) => {
      const { columns, header } = await readPairFile(fileWith(name, content))
      return [columns.a, columns.b, columns.label, columns.id, header]
    }
    expect(await columns('x.tsv', 'Sentence1\tSentence2\tgold_label\n甲\t乙\t1\n')).toEqual([
      'Sentence1',
      'Sentence2',
      'gold_label',
      undefined,
      true
    ])
    expect(await columns('x.csv', 'id,qid1,question1,question2,is_duplicate\n7,1,甲,乙,0\n')).toEqual([
      'question1',
      'question2',
      'is_duplicate',
      'id',
      true
    ])
    expect(await columns('x.csv', '句子1,句子2,标签\n甲,乙,0\n')).toEqual(['句子1', '句子2', '标签', undefined, true])
    expect(await columns('x.txt', '甲\t乙\t1\n丙\t丁\t0\n')).toEqual(['1', '2', '3', undefined, false])
    expect(await columns('x.tsv', '7\t甲\t乙\t1\n')).toEqual(['2', '3', '4', '1', false])
    expect(await columns('x.jsonl', '{"query":"甲","passage":"乙"}')).toEqual([
      'query',
      'passage',
      undefined,
      undefined,
      true
    ])
  })

  it('takes no column twice, whatever is named', async () => {
    const file = fileWith('roles.csv', 'query,title,text,label\n甲,乙,丙,1\n')
    await expect(readPairFile(file, { a: 'title', b: 'title' })).rejects.toThrow(/title cannot be two of/)
    await expect(readPairFile(file, { label: 'title' })).rejects.toThrow(/title cannot be two of/)
    // title is the second of no known pair here, so its partner is not guessed from another pair
    await expect(readPairFile(file, { a: 'title' })).rejects.toMatchObject({ code: 'data-invalid' })
    const { columns } = await readPairFile(file, { b: 'title' })
    expect([columns.a, columns.b]).toEqual(['query', 'title'])
  })

  it('takes columns that are named', async () => {
    const path = fileWith('x.csv', 'left side,right side,ok,label\n甲,乙,1,x\n')
    const { pairs } = await readPairFile(path, { a: 'left side', b: 'right side', label: 'ok' })
    expect(pairs[0]!.example).toEqual({ a: '甲', b: '乙', task: 0, label: 1 })
    const second = await readPairFile(fileWith('x.tsv', '甲\tx\t乙\t1\n'), { a: '1', b: '3', label: '4' })
    expect(second.pairs[0]!.example).toEqual({ a: '甲', b: '乙', task: 0, label: 1 })
    await expect(readPairFile(path, { a: 'left side', b: 'none' })).rejects.toThrow(
      /--columns b=none: .* the file has left side, right side/
    )
    expect(await problem('x.csv', 'a,b,label,match\n甲,乙,1,1\n')).toContain('label and match could each be the label')
    expect(await problem('x.csv', 'x,y,z,v,w\n甲,乙,1,1,1\n')).toContain('no two columns are known as texts among "x"')
  })

  it('keeps quotes within a cell of a TSV file, and takes off those around one', async () => {
    expect((await read('x.tsv', '\ufeffa\tb\tlabel\r\n说"好"\t"他说""好"""\t1\r\n'))[0]).toMatchObject({
      a: '说"好"',
      b: '他说"好"'
    })
  })

  it('refuses damaged rows with file and line', async () => {
    expect(await problem('x.tsv', 'a\tb\tlabel\n甲\t乙\n')).toContain(
      'x.tsv:2: the line has 2 cells, the first one has 3 (a, b, label)'
    )
    expect(await problem('x.csv', 'a,b,label\n"甲,乙,1\n')).toMatch(/x\.csv:\d: the line is not CSV/)
    expect(await problem('x.jsonl', '{"a":"甲","b":1,"label":1}')).toContain('x.jsonl:1: "b" is 1; it must be a string')
    expect(await problem('x.jsonl', '{"a":"甲","b":"乙"}\n[]')).toContain('x.jsonl:2: the line must be a JSON object')
    expect(await problem('x.json', '[{"a":"甲"}]')).toContain('one object per line')
    expect(await problem('x.parquet', 'PAR1 not really')).toContain('cannot be read as Parquet')
    expect(
      await problem('x.csv', Buffer.concat([Buffer.from('a,b,label\n'), Uint8Array.of(0xbc, 0xd7, 0x0a)]))
    ).toMatch(/x\.csv:2: .*not UTF-8/)
    expect(await problem('x.csv', '')).toContain('is empty')
    expect(await problem('x.bin', 'x')).toContain('is a file of unknown format')
  })
})

describe('a file as a data set', () => {
  const numbered = (count: number): string[] =>
    Array.from({ length: count }, (_, i) => `问题${i}的甲面\t问题${i}的乙面\t${i % 4 === 0 ? 1 : 0}`)
  const ids = (pairs: readonly { a: string }[]): string[] => pairs.map(({ a }) => a).sort()

  it('has valid and test splits taken out of it, the same ones in any order and form', async () => {
    const rows = numbered(1000)
    const one = await readDataset(fileWith('x.tsv', ['a\tb\tlabel', ...rows].join('\n')))
    expect([one.splits.train.length, one.splits.valid.length, one.splits.test.length]).toEqual([600, 200, 200])
    for (const split of ['valid', 'test'] as const)
      expect(one.splits[split].filter(({ label }) => label === 1)).toHaveLength(50)
    const reversed = rows.reverse().map((row) => row.replaceAll('\t', ','))
    const other = await readDataset(fileWith('x.csv', ['a,b,label', ...reversed].join('\n')))
    for (const split of ['train', 'valid', 'test'] as const)
      expect(ids(other.splits[split])).toEqual(ids(one.splits[split]))
    expect(one.notes.join('\n')).toMatch(
      /a and b are the texts, label is the label.*\n.*200 valid and 200 test pairs were taken/
    )
    expect(one.tasks).toEqual([{ name: 'match', id: 0, group: 'match' }])
    expect((await readDataset(fileWith('y.tsv', rows.join('\n')), ['train'])).splits.valid).toEqual([])
  })

  it('keeps pairs that share a text on one side', async () => {
    const rows = Array.from({ length: 600 }, (_, i) => `主题${Math.floor(i / 3)}！\t文本${i}\t${i % 2}`)
    const { splits } = await readDataset(fileWith('x.tsv', rows.join('\n')))
    const topics = Object.values(splits).map((pairs) => new Set(pairs.map(({ a }) => a)))
    expect(splits.valid.length).toBeGreaterThan(100)
    expect(topics[0]!.size + topics[1]!.size + topics[2]!.size).toBe(200)
  })

  it('says that texts are on both sides where one text is in every pair', async () => {
    const rows = Array.from({ length: 100 }, (_, i) => `同一个问题\t文本${i}\t${i % 2}`)
    const { splits, notes } = await readDataset(fileWith('x.tsv', rows.join('\n')))
    expect(splits.valid).toHaveLength(20)
    expect(notes.join(' ')).toContain('1 texts are on both sides')
  })

  it('has the splits that its column names', async () => {
    const lines = ['train', 'train', 'dev', 'test'].map(
      (split, i) => `{"a":"甲${i}","b":"乙","label":${i % 2},"split":"${split}"}`
    )
    const { splits } = await readDataset(fileWith('x.jsonl', lines.join('\n')))
    expect([splits.train.length, splits.valid.length, splits.test.length]).toEqual([2, 1, 1])
    await expect(readDataset(fileWith('x.csv', 'a,b,label,split\n甲,乙,1,other\n'))).rejects.toThrow(
      /x\.csv:2: "split" is "other"; it must be train, valid or test/
    )
  })

  it('needs labels to train on', async () => {
    await expect(readDataset(fileWith('x.csv', 'a,b,label\n甲,乙,1\n丙,丁,\n'))).rejects.toThrow(
      /x\.csv:3: "label" is empty/
    )
    await expect(readDataset(fileWith('x.csv', 'a,b\n甲,乙\n'))).rejects.toThrow(
      /x\.csv:2: no column is known as the label; name it: --columns label=NAME/
    )
  })
})

describe('a folder with a file for each split', () => {
  it('has those, and a valid split made where there is none', async () => {
    const folder = dirname(
      fileWith('train.tsv', Array.from({ length: 100 }, (_, i) => `甲${i}\t乙${i}\t${i % 2}`).join('\n'))
    )
    writeFileSync(join(folder, 'test.csv'), 'q1,q2,label\n甲,乙,1\n')
    const made = await readDataset(folder)
    expect([made.splits.train.length, made.splits.valid.length, made.splits.test.length]).toEqual([80, 20, 1])
    writeFileSync(join(folder, 'dev.jsonl'), '{"q1":"甲","q2":"乙","label":0}\n')
    const whole = await readDataset(folder, ['train', 'valid'])
    expect([whole.splits.train.length, whole.splits.valid.length, whole.splits.test.length]).toEqual([100, 1, 0])
    writeFileSync(join(folder, 'valid.tsv'), '甲\t乙\t1\n')
    await expect(readDataset(folder)).rejects.toThrow(/two files for the valid split: dev\.jsonl and valid\.tsv/)
  })

  it('refuses --columns if a dataset.json names the fields', async () => {
    const path = fileWith('dataset.json', '{"tasks":[{"name":"x","train":["x.jsonl"]}]}')
    await expect(readDataset(dirname(path), ['train'], { columns: { a: 'q' } })).rejects.toMatchObject({
      code: 'config-invalid'
    })
  })
})
