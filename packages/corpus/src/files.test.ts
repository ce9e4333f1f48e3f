import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SOHU_TASKS } from '@sohu-match/core'
import { readDataset } from '@sohu-match/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { corpusFiles, writeCorpus } from './files'
import { isSaga, readNews, ROUNDS, WIDE_FIELDS } from './texts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'corpus-'))
  await writeCorpus(folder)
})
afterAll(() => rm(folder, { recursive: true }))

describe('writeCorpus', () => {
  it('writes data folders that readDataset reads, with a label in every line', async () => {
    const news = await readDataset(join(folder, 'news'))
    expect(news.tasks.map(({ name, group }) => `${name} ${group}`)).toEqual([
      'A-ss A',
      'B-ss B',
      'A-sl A',
      'B-sl B',
      'A-ll A',
      'B-ll B'
    ])
    expect(news.missing).toEqual([])
    const keyed = news.splits.train.filter(({ keys }) => keys)
    expect(new Set(keyed.map(({ task }) => news.tasks[task]!.group))).toEqual(new Set(['A']))
    expect(Object.values(news.splits).map((split) => split.length)).toEqual([73326, 3520, 5280])
    expect(
      Object.values(news.splits)
        .flat()
        .every(({ label }) => label === 0 || label === 1)
    ).toBe(true)
    const questions = await readDataset(join(folder, 'questions'))
    expect(questions.tasks.map(({ name }) => name)).toEqual(['question'])
    expect(questions.splits.test.every(({ label, id }) => label !== undefined && id !== undefined)).toBe(true)
  })

  it('records with each pair the topics and events that determine its label', async () => {
    const [line] = (await readFile(join(folder, 'news/B-ss/test.jsonl'), 'utf8')).split('\n')
    expect(Object.keys(JSON.parse(line!) as object)).toEqual([
      'id',
      'source',
      'target',
      'label',
      'source_topic',
      'target_topic',
      'source_event',
      'target_event'
    ])
  })

  it('keeps to the rounds of writing that it is given, with the same valid and test pairs', async () => {
    const texts = await readNews()
    const topicsIn = (rounds: number[]) =>
      new Set(texts.filter(({ field }) => rounds.some((n) => ROUNDS[n - 1]!.includes(field))).map(({ topic }) => topic))
    for (const rounds of [[1], [1, 2]]) {
      const files = await corpusFiles({ rounds })
      const train = files
        .find(({ path }) => path === 'news/B-ss/train.jsonl')!
        .text.trim()
        .split('\n')
      const topics = new Set(train.map((line) => (JSON.parse(line) as { source_topic: string }).source_topic))
      expect(topics.size).toBe(rounds.length === 1 ? 88 : 184)
      expect([...topics].filter((topic) => !topicsIn(rounds).has(topic))).toEqual([])
      const heldOut = files.filter(({ path }) => /(valid|test)\.jsonl$/.test(path))
      expect(heldOut).toHaveLength(14)
      for (const { path, text } of heldOut) expect(await readFile(join(folder, path), 'utf8')).toBe(text)
    }
  })

  it('leaves out sagas, the third round, on demand, and nothing else', async () => {
    const pairsOf = (text: string): string[] =>
      text
        .trim()
        .split('\n')
        .map((line) => JSON.stringify({ ...(JSON.parse(line) as object), id: undefined }))
    const plain = new Map((await corpusFiles({ rounds: [1, 2] })).map(({ path, text }) => [path, text]))
    const files = (await readdir(folder, { recursive: true })).filter((path) => /\.jsonl?$/.test(path))
    expect([...plain.keys()].sort()).toEqual(files.sort())
    const written = new Map<string, string>()
    for (const path of plain.keys()) written.set(path, await readFile(join(folder, path), 'utf8'))
    const sagaTopics = new Set((await readNews()).filter(isSaga).map(({ topic }) => topic))
    for (const path of ['news/A-ss/train.jsonl', 'news/B-sl/train.jsonl']) {
      const [whole, rest] = [pairsOf(written.get(path)!), new Set(pairsOf(plain.get(path)!))]
      expect(whole.filter((pair) => rest.has(pair))).toHaveLength(rest.size)
      const left = whole.filter((pair) => !rest.has(pair))
      expect(left.length).toBeGreaterThan(0)
      expect(left.every((pair) => sagaTopics.has((JSON.parse(pair) as { source_topic: string }).source_topic))).toBe(
        true
      )
    }
    const heldOut = [...plain].filter(([path]) => /(valid|test)\.jsonl$/.test(path))
    expect(heldOut).toHaveLength(14)
    for (const [path, text] of heldOut) expect(written.get(path)).toBe(text)
  })

  it('writes a second test on demand, of topics that no other pair is about', async () => {
    const files = await corpusFiles({ rounds: [1], wide: true, limit: 50 })
    expect(files.filter(({ path }) => path.startsWith('wide/')).map(({ path }) => path)).toEqual([
      'wide/dataset.json',
      ...SOHU_TASKS.map(({ name }) => `wide/${name}/test.jsonl`)
    ])
    const topics = (await readNews()).filter(({ field }) => (WIDE_FIELDS as readonly string[]).includes(field))
    const names = new Set(topics.map(({ topic }) => topic))
    const lines = files.filter(({ path }) => /^wide.*jsonl$/.test(path)).flatMap(({ text }) => text.trim().split('\n'))
    expect(lines).toHaveLength(300)
    expect(lines.every((line) => names.has((JSON.parse(line) as { source_topic: string }).source_topic))).toBe(true)
    expect((await readFile(join(folder, 'news/A-ss/train.jsonl'), 'utf8')).match(/"t3(0[5-9]|[1-9]\d)"|"t4\d\d"/)).toBe(
      null
    )
  })

  it('refuses rounds without the first, and those that do not exist', async () => {
    await expect(corpusFiles({ rounds: [2, 3] })).rejects.toMatchObject({ code: 'config-invalid' })
    await expect(corpusFiles({ rounds: [1, 9] })).rejects.toThrow(/no round 9; the rounds are 1 to 3/)
  })
})
