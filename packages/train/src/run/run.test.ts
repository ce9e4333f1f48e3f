import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { applyOverrides, parseTrainConfig, presets, trainConfigToJson, type TrainConfig } from '../config'
import { writeDemoCorpus } from '../data/demo-corpus'
import { resumeRun, startRun } from './run'

const root = mkdtempSync(join(tmpdir(), 'sohu-match-run-'))
const data = join(root, 'data')
let config: TrainConfig

beforeAll(async () => {
  await writeDemoCorpus(data, { train: 16, valid: 8, test: 8 })
  const tiny = [
    'model.vocab_size=200',
    'model.hidden_size=8',
    'model.num_attention_heads=2',
    'model.intermediate_size=8',
    'model.max_length=32',
    'epochs=1'
  ]
  config = parseTrainConfig(applyOverrides(await presets.read('smoke'), tiny), 'test')
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

describe('a run that cannot begin', () => {
  it('names file and line of bad data and writes nothing', async () => {
    const bad = join(root, 'bad')
    await writeDemoCorpus(bad, { train: 8, valid: 8, test: 8 })
    appendFileSync(join(bad, '短短匹配A类', 'train.txt'), '{"source": "a", "target": 3, "labelA": "1"}\n')
    const out = join(root, 'bad-run')
    await expect(startRun({ data: bad, out, config })).rejects.toMatchObject({
      code: 'data-invalid',
      message: expect.stringMatching(/train\.txt:9:/) as string
    })
    expect(existsSync(out)).toBe(false)
  })

  it('refuses a folder that holds something, and leaves it as it was', async () => {
    const out = join(root, 'taken')
    mkdirSync(out)
    writeFileSync(join(out, 'notes.txt'), 'mine')
    await expect(startRun({ data, out, config })).rejects.toMatchObject({ code: 'output-exists' })
    expect(readdirSync(out)).toEqual(['notes.txt'])
  })

  it('begins where another was killed before it had begun', async () => {
    const out = join(root, 'unborn')
    mkdirSync(out)
    writeFileSync(join(out, 'train.json.0a1b2c3d-1111-4222-8333-0123456789ab.tmp'), '{')
    expect(await startRun({ data, out, config })).toMatchObject({ finished: true })
    expect(readdirSync(out).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  it('takes away what a kill left under temporary names when it goes on', async () => {
    const out = join(root, 'tidied')
    await startRun({ data, out, config })
    for (const name of ['.best.previous.tmp', '.best.new-0a1b2c3d.tmp', '.last.new-0a1b2c3d.tmp'])
      mkdirSync(join(out, name))
    writeFileSync(join(out, 'metrics.jsonl.0a1b2c3d-1111-4222-8333-0123456789ab.tmp'), '')
    await resumeRun(out)
    expect(readdirSync(out).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  it('says what --resume lacks in a folder without a run', async () => {
    await expect(resumeRun(join(root, 'nothing'))).rejects.toMatchObject({
      code: 'checkpoint-invalid',
      message: expect.stringContaining('train.json') as string
    })
  })

  it('names a place under a file, which cannot become a folder', async () => {
    const file = join(root, 'file')
    writeFileSync(file, '')
    await expect(startRun({ data, out: join(file, 'run'), config })).rejects.toMatchObject({ code: 'storage' })
  })
})

describe('a bi-encoder', () => {
  const settings = [
    'model.architecture="bi-encoder"',
    'model.pooling="cls"',
    'initialization="reference"',
    'token_match_weight=0',
    'lexical_weight=0',
    'contrastive_weight=1',
    'batch_pairs=4',
    'epochs=2',
    'train_max_length=24'
  ]
  let biEncoder: TrainConfig
  const keyed = join(root, 'keyed')
  const weights = (out: string): Buffer[] =>
    ['last/model', 'last/ema', 'last/optimizer', 'best/model'].map((name) =>
      readFileSync(join(root, out, `${name}.safetensors`))
    )

  beforeAll(async () => {
    biEncoder = parseTrainConfig(applyOverrides({ ...trainConfigToJson(config) }, settings), 'test')
    mkdirSync(keyed)
    const line = (i: number, j: number): string =>
      JSON.stringify({
        source: `第${i}场比赛`,
        target: `第${j}场球赛`,
        label: i === j ? '1' : '0',
        x: `${i}`,
        y: `${j}`
      })
    const lines = Array.from({ length: 24 }, (_, n) => line(n % 6, n % 2 === 0 ? n % 6 : (n + 1) % 6))
    writeFileSync(join(keyed, 'pairs.jsonl'), `${lines.join('\n')}\n`)
    const fields = { aKey: 'x', bKey: 'y' }
    writeFileSync(
      join(keyed, 'dataset.json'),
      JSON.stringify({ tasks: [{ name: 'game', train: ['pairs.jsonl'], valid: ['pairs.jsonl'], fields }] })
    )
  })

  it('trains on texts read alone and resumes bit for bit', async () => {
    await startRun({ data: keyed, out: join(root, 'unbroken'), config: biEncoder })
    let steps = 0
    const broken = { data: keyed, out: join(root, 'broken'), config: biEncoder }
    expect(await startRun(broken, { stopping: () => ++steps > 3 })).toMatchObject({ finished: false })
    expect(await resumeRun(broken.out)).toMatchObject({ finished: true })
    expect(weights('broken')).toEqual(weights('unbroken'))
  })

  it('draws texts together by their keys: the contrastive term changes what is learned', async () => {
    const without = parseTrainConfig(applyOverrides(trainConfigToJson(biEncoder), ['contrastive_weight=0']), 'test')
    await startRun({ data: keyed, out: join(root, 'without'), config: without })
    expect(weights('without')[0]).not.toEqual(weights('unbroken')[0])
  })

  it.each([
    ['rename_words=0.2', 'rename_words'],
    ['lexical_weight=1', 'lexical_weight'],
    ['micro_batch_tokens=512', 'micro_batch_tokens']
  ])('refuses %s, which only a cross-encoder knows', async (override, key) => {
    const bad = parseTrainConfig(applyOverrides(trainConfigToJson(biEncoder), [override]), 'test')
    await expect(startRun({ data: keyed, out: join(root, 'refused'), config: bad })).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringContaining(key) as string
    })
    const cross = parseTrainConfig(applyOverrides(trainConfigToJson(config), ['contrastive_weight=1']), 'test')
    await expect(startRun({ data, out: join(root, 'refused'), config: cross })).rejects.toMatchObject({
      code: 'config-invalid'
    })
  })
})

describe('a run that ends', () => {
  it('has both checkpoints with everything that export and --resume need', async () => {
    const out = join(root, 'whole')
    const result = await startRun({ data, out, config })
    expect(result.finished).toBe(true)
    const files = [
      'NOTICE',
      'config.json',
      'dictionary.bin',
      'metrics.json',
      'model.safetensors',
      'parity.json',
      'thresholds.json',
      'vocab.txt'
    ]
    expect(readdirSync(join(out, 'best')).sort()).toEqual([...files, 'valid-scores.json'].sort())
    expect(readdirSync(join(out, 'last')).sort()).toEqual(
      [...files, 'ema.safetensors', 'optimizer.safetensors', 'state.json'].sort()
    )
    expect(await resumeRun(out)).toEqual(result)
  })

  it('refuses to resume from a checkpoint whose weights do not fit, naming the tensor', async () => {
    const out = join(root, 'whole')
    rmSync(join(out, 'last', 'model.safetensors'))
    await expect(resumeRun(out)).rejects.toMatchObject({
      code: 'checkpoint-invalid',
      message: expect.stringContaining('model.safetensors') as string
    })
  })
})
