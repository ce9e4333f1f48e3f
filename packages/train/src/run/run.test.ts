import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { applyOverrides, parseTrainSettings, presets, trainSettingsToJson, type TrainSettings } from '../config'
import { writeDemoCorpus } from '../data/demo-corpus'
import { readDataset } from '@sohu-match/node'
import { readCheckpoint } from '../checkpoint/checkpoint'
import { conclusion } from '../cli/sohu'
import { evaluation } from '../evaluate/evaluation'
import { scoreSplit } from '../evaluate/scoring'
import { takeOver } from '../pretrained/take-over'
import { readRecords } from './metrics-log'
import { resumeRun } from './resume'
import { startRun } from './start'

const root = mkdtempSync(join(tmpdir(), 'sohu-match-run-'))
const data = join(root, 'data')
let settings: TrainSettings

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
  settings = parseTrainSettings(applyOverrides(await presets.read('smoke'), tiny), 'test')
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

describe('a run that cannot begin', () => {
  it('names file and line of bad data and writes nothing', async () => {
    const bad = join(root, 'bad')
    await writeDemoCorpus(bad, { train: 8, valid: 8, test: 8 })
    appendFileSync(join(bad, '短短匹配A类', 'train.txt'), '{"source": "a", "target": 3, "labelA": "1"}\n')
    const out = join(root, 'bad-run')
    await expect(startRun({ data: bad, out, settings })).rejects.toMatchObject({
      code: 'data-invalid',
      message: expect.stringMatching(/train\.txt:9:/) as string
    })
    expect(existsSync(out)).toBe(false)
  })

  it('refuses a folder that is not empty, and leaves it as it was', async () => {
    const out = join(root, 'taken')
    mkdirSync(out)
    writeFileSync(join(out, 'notes.txt'), 'mine')
    await expect(startRun({ data, out, settings })).rejects.toMatchObject({ code: 'output-exists' })
    expect(readdirSync(out)).toEqual(['notes.txt'])
  })

  it('begins where another was killed before it had begun', async () => {
    const out = join(root, 'unborn')
    mkdirSync(out)
    writeFileSync(join(out, 'train.json.0a1b2c3d-1111-4222-8333-0123456789ab.tmp'), '{')
    expect(await startRun({ data, out, settings })).toMatchObject({ finished: true })
    expect(readdirSync(out).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  it('removes temporary files that a kill left when it resumes', async () => {
    const out = join(root, 'tidied')
    await startRun({ data, out, settings })
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
    await expect(startRun({ data, out: join(file, 'run'), settings })).rejects.toMatchObject({ code: 'storage' })
  })
})

describe('a bi-encoder', () => {
  const overrides = [
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
  let biEncoder: TrainSettings
  const keyed = join(root, 'keyed')
  const weights = (out: string): Buffer[] =>
    ['last/model', 'last/ema', 'last/optimizer', 'best/model'].map((name) =>
      readFileSync(join(root, out, `${name}.safetensors`))
    )

  beforeAll(async () => {
    biEncoder = parseTrainSettings(applyOverrides({ ...trainSettingsToJson(settings) }, overrides), 'test')
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
    await startRun({ data: keyed, out: join(root, 'unbroken'), settings: biEncoder })
    let steps = 0
    const broken = { data: keyed, out: join(root, 'broken'), settings: biEncoder }
    expect(await startRun(broken, { stopping: () => ++steps > 3 })).toMatchObject({ finished: false })
    expect(await resumeRun(broken.out)).toMatchObject({ finished: true })
    expect(weights('broken')).toEqual(weights('unbroken'))
  })

  it('draws texts together by their keys: the contrastive term changes what is learned', async () => {
    const without = parseTrainSettings(applyOverrides(trainSettingsToJson(biEncoder), ['contrastive_weight=0']), 'test')
    await startRun({ data: keyed, out: join(root, 'without'), settings: without })
    expect(weights('without')[0]).not.toEqual(weights('unbroken')[0])
  })

  it.each([
    ['rename_words=0.2', 'rename_words'],
    ['lexical_weight=1', 'lexical_weight'],
    ['micro_batch_tokens=512', 'micro_batch_tokens']
  ])('refuses %s, which only a cross-encoder knows', async (override, key) => {
    const bad = parseTrainSettings(applyOverrides(trainSettingsToJson(biEncoder), [override]), 'test')
    await expect(startRun({ data: keyed, out: join(root, 'refused'), settings: bad })).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringContaining(key) as string
    })
    const cross = parseTrainSettings(applyOverrides(trainSettingsToJson(settings), ['contrastive_weight=1']), 'test')
    await expect(startRun({ data, out: join(root, 'refused'), settings: cross })).rejects.toMatchObject({
      code: 'config-invalid'
    })
  })
})

describe('the data of a run', () => {
  const stop = (after: number) => {
    let steps = 0
    return { stopping: () => ++steps > after }
  }
  const copy = (name: string): string => {
    const folder = join(root, name)
    cpSync(data, folder, { recursive: true })
    return folder
  }
  const train = (folder: string): string => join(folder, '短短匹配A类', 'train.txt')

  it.each([
    [
      'a pair more',
      (folder: string) => appendFileSync(train(folder), '{"source":"甲","target":"乙","labelA":"1"}\n'),
      /97 train pairs \(were 96\)/
    ],
    [
      'another text',
      (folder: string) =>
        writeFileSync(train(folder), readFileSync(train(folder), 'utf8').replace('"source":"', '"source":"新')),
      /other texts/
    ]
  ])('may not change before --resume: %s', async (name, change, message) => {
    const changed = copy(`changed by ${name}`)
    const out = join(root, `run on ${name}`)
    expect(await startRun({ data: changed, out, settings }, stop(1))).toMatchObject({ ended: 'stopped' })
    change(changed)
    await expect(resumeRun(out)).rejects.toMatchObject({
      code: 'data-invalid',
      message: expect.stringMatching(message)
    })
    rmSync(changed, { recursive: true })
    cpSync(data, changed, { recursive: true })
    expect(await resumeRun(out)).toMatchObject({ finished: true })
  })

  it('may not change its tasks or their order under an older run without a fingerprint', async () => {
    const own = join(root, 'own')
    writeOwn(own, ['x', 'y'])
    const out = join(root, 'run of before')
    await startRun({ data: own, out, settings }, stop(1))
    const { dataset: _, ...before } = JSON.parse(readFileSync(join(out, 'train.json'), 'utf8')) as Record<
      string,
      unknown
    >
    writeFileSync(join(out, 'train.json'), JSON.stringify(before))
    writeOwn(own, ['y', 'x'])
    await expect(resumeRun(out)).rejects.toMatchObject({
      code: 'data-invalid',
      message: expect.stringContaining('tasks y, x (were x, y)') as string
    })
    writeOwn(own, ['x', 'y'])
    expect(await resumeRun(out)).toMatchObject({ finished: true })
  })

  it('meets the conditions of its tasks by name when --init has them in another order, fewer or more', async () => {
    const own = join(root, 'named')
    writeOwn(own, ['x', 'y', 'z'])
    const heads = parseTrainSettings(applyOverrides(trainSettingsToJson(settings), ['model.heads=per-task']), 'test')
    await startRun({ data: own, out: join(root, 'first'), settings: heads })
    const init = join(root, 'first', 'best')
    const was = await readCheckpoint(init)
    writeOwn(own, ['z', 'new', 'x'])
    const taken = await takeOver(heads, init, (await readDataset(own, ['train'])).tasks)
    expect(taken.match).toEqual({ kept: ['z', 'x'], fresh: ['new'] })
    for (const [name, per] of [
      ['cond_embedding', 128],
      ['classifier.bias', 2]
    ] as const) {
      const [before, now] = [was.model.variables.get(name)!.values(), taken.variables.get(name)!.values()]
      const part = (values: Float32Array, task: number) => [...values.slice(task * per, (task + 1) * per)]
      expect(now.length).toBe(3 * per)
      expect(part(now, 0)).toEqual(part(before, 2))
      expect(part(now, 2)).toEqual(part(before, 0))
    }
    const fresh = (values: Float32Array) => [...values.slice(128, 256)]
    expect(
      [0, 1, 2].map((task) => [
        ...was.model.variables
          .get('cond_embedding')!
          .values()
          .slice(task * 128, (task + 1) * 128)
      ])
    ).not.toContainEqual(fresh(taken.variables.get('cond_embedding')!.values()))
    const [before, now] = [was.model, taken].map(({ variables }) => variables.get('classifier.kernel')!.values()) // [hidden, 6]
    for (let row = 0; row < 8; row++) {
      expect([...now!.slice(row * 6, row * 6 + 2)]).toEqual([...before!.slice(row * 6 + 4, row * 6 + 6)])
      expect([...now!.slice(row * 6 + 4, row * 6 + 6)]).toEqual([...before!.slice(row * 6, row * 6 + 2)])
    }
    expect(taken.variables.get('embeddings.word')!.values()).toEqual(
      was.model.variables.get('embeddings.word')!.values()
    )
  })
})

describe('a second training into one folder', () => {
  it('is refused while the first is running, whether new or resumed, and begins when that one is dead', async () => {
    const out = join(root, 'shared')
    const seen: unknown[] = []
    const attempt = async (): Promise<void> => {
      for (const second of [() => startRun({ data, out, settings }), () => resumeRun(out)])
        seen.push(await second().catch((error: unknown) => (error as { code: string }).code))
    }
    let asked: Promise<void> | undefined
    await startRun({ data, out, settings }, { onStep: () => void (asked ??= attempt()) })
    await asked
    expect(seen).toEqual(['output-exists', 'output-exists'])
    expect(existsSync(join(out, 'run.lock'))).toBe(false)
    writeFileSync(join(out, 'run.lock'), JSON.stringify({ pid: 2 ** 22 + 1, host: hostname() })) // beyond Linux's largest number
    expect(await resumeRun(out)).toMatchObject({ finished: true })
  })

  it('is refused if both began to prepare at the same time, and leaves the first alone', async () => {
    const out = join(root, 'at once')
    const results = await Promise.allSettled([startRun({ data, out, settings }), startRun({ data, out, settings })])
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const refused = results.find((one) => one.status === 'rejected')
    expect(refused?.reason).toMatchObject({ code: 'output-exists' })
    expect(await resumeRun(out)).toMatchObject({ finished: true })
  })
})

describe('tasks and records that break programs', () => {
  const names = ['constructor', 'toString', '__proto__']

  it('are trained, weighted, evaluated and resumed whatever a task is called', async () => {
    const own = join(root, 'strange')
    writeOwn(own, names)
    const out = join(root, 'strange-run')
    const weights = JSON.parse('{"__proto__": 2, "constructor": 3}') as Record<string, number>
    const strange = parseTrainSettings({ ...trainSettingsToJson(settings), task_weights: weights }, 'test')
    expect(Object.entries(strange.taskWeights)).toEqual(Object.entries(weights))
    const { best, ended } = await startRun({ data: own, out, settings: strange })
    expect(ended).toBe('epochs')
    expect(Object.keys(best!.tasks)).toEqual(names)
    expect(await resumeRun(out)).toMatchObject({ finished: true })
    const { rows, thresholds } = await scoreSplit({ checkpoint: join(out, 'best'), data: own, split: 'valid' })
    expect(Object.keys(thresholds)).toEqual(names)
    expect(rows.every(({ score }) => Number.isFinite(score))).toBe(true)
    expect(Object.keys(evaluation(rows, best === undefined ? [] : tasksOf(names), thresholds).tasks)).toEqual(names)
  })

  it.each([
    ['{"type":"step"', 'not JSON'],
    ['[]', 'not a record'],
    ['{"type":"step","step":"1"}', '"step" should be number'],
    ['{"type":"epoch","step":1,"epoch":0}', '"mean"']
  ])('names the damaged line of metrics.jsonl: %s', async (line, message) => {
    const out = join(root, 'damaged')
    if (!existsSync(out)) await startRun({ data, out, settings })
    const log = join(out, 'metrics.jsonl')
    const before = readFileSync(log, 'utf8')
    writeFileSync(log, `${line}\n${before}`)
    await expect(resumeRun(out)).rejects.toMatchObject({
      code: 'checkpoint-invalid',
      message: expect.stringMatching(new RegExp(`metrics\\.jsonl:1: .*${message}`)) as string
    })
    writeFileSync(log, before)
  })

  it('are read from the log of an older run, which has no processor time', async () => {
    const out = join(root, 'older log')
    await startRun({ data, out, settings }, { stopping: () => true })
    const log = join(out, 'metrics.jsonl')
    const step = '{"type":"step","step":1,"steps":9,"epoch":0,"epochs":1,"loss":1,"learningRate":1,"pairs":1,"tokens":1'
    writeFileSync(log, `${step},"paddingShare":0,"seconds":2}\n`)
    expect(await readRecords(out)).toMatchObject([{ step: 1, seconds: 2, processorSeconds: NaN }])
    expect(await resumeRun(out)).toMatchObject({ finished: true })
  })
})

describe('a valid split in which one task has no positive pair', () => {
  it('still has a best epoch; one without any positive pair says why there is none', async () => {
    const own = join(root, 'no positives')
    writeOwn(own, ['x', 'y'], { valid: (task, label) => (task === 'y' ? '0' : label) })
    const { best } = await startRun({ data: own, out: join(root, 'one without'), settings })
    expect(best!.mean).toBe(best!.groups['x']!.f1)
    expect(existsSync(join(root, 'one without', 'best'))).toBe(true)
    writeOwn(own, ['x', 'y'], { valid: () => '0' })
    const out = join(root, 'all without')
    const result = await startRun({ data: own, out, settings })
    expect(result).toMatchObject({ finished: true, ended: 'epochs' })
    expect(result.best).toBeUndefined()
    expect(conclusion(out, result)).toMatch(
      /no task has valid pairs of both labels; so there is no best\/\. The last weights are in .*last/
    )
  })
})

describe('a run whose only task is a score', () => {
  it('keeps its first epoch though the correlation is not positive', async () => {
    const own = join(root, 'scores')
    mkdirSync(own)
    const lines = (target: (i: number) => number): string =>
      Array.from({ length: 8 }, (_, i) =>
        JSON.stringify({ source: `第${i}场`, target: `第${i * i}场`, label: target(i) })
      ).join('\n')
    const task = { name: 'x', score: [0, 7], train: ['train.jsonl'], valid: ['valid.jsonl'] }
    writeFileSync(join(own, 'dataset.json'), JSON.stringify({ tasks: [task] }))
    writeFileSync(
      join(own, 'train.jsonl'),
      lines((i) => i)
    )
    const correlations: number[] = []
    // valid targets do not change the weights: reversed, they reverse the correlation
    for (const [name, target] of [
      ['rising', (i: number) => i],
      ['falling', (i: number) => 7 - i]
    ] as const) {
      writeFileSync(join(own, 'valid.jsonl'), lines(target))
      const out = join(root, name)
      const { state, best } = await startRun({ data: own, out, settings })
      expect(state.stale).toBe(0)
      expect(existsSync(join(out, 'best', 'model.safetensors'))).toBe(true)
      expect(await resumeRun(out)).toMatchObject({ state: { best: state.best }, best: { epoch: 1 } })
      correlations.push(best!.answers!['x']!.score)
    }
    expect(correlations[0]).toBeCloseTo(-correlations[1]!, 12)
  })
})

const tasksOf = (names: readonly string[]) => names.map((name, id) => ({ name, id, group: name }))

/** A data folder with tasks of these names, in this order; pairs of a task are the same whatever its place. */
function writeOwn(
  folder: string,
  names: readonly string[],
  { valid = (_: string, label: string) => label }: { valid?: (task: string, label: string) => string } = {}
): void {
  mkdirSync(folder, { recursive: true })
  const line = (name: string, i: number, label: string): string =>
    JSON.stringify({ source: `${name}第${i}场`, target: `${name}第${label === '1' ? i : i + 1}场`, label })
  names.forEach((name, n) => {
    const lines = (labelOf: (label: string) => string) =>
      Array.from({ length: 8 }, (_, i) => `${line(name, i, labelOf(String(i % 2)))}\n`).join('')
    writeFileSync(
      join(folder, `${n}.train.jsonl`),
      lines((label) => label)
    )
    writeFileSync(
      join(folder, `${n}.valid.jsonl`),
      lines((label) => valid(name, label))
    )
  })
  const tasks = names.map((name, n) => ({ name, train: [`${n}.train.jsonl`], valid: [`${n}.valid.jsonl`] }))
  writeFileSync(join(folder, 'dataset.json'), JSON.stringify({ tasks }))
}

describe('a run that ends', () => {
  it('says why, and what to do next', async () => {
    const out = join(root, 'spoken')
    const all = await startRun({ data, out, settings })
    expect(conclusion(out, all)).toMatch(
      /^Done: all 1 epochs are trained\. The best weights, of epoch 1 \(mean F1 .* at the thresholds/
    )
    expect(conclusion(out, all)).toContain(`npx sohu-train export --checkpoint ${join(out, 'best')} --data DIR --out`)
    expect(conclusion(out, { ...all, ended: 'patience', state: { ...all.state, epoch: 4, stale: 2 } })).toContain(
      'Done after epoch 4: 2 epochs in a row were no better'
    )
    expect(conclusion(out, { ...all, ended: 'stopped' })).toContain(`npx sohu-train sohu --out ${out} --resume`)
  })

  it('has both checkpoints with everything that export and --resume need', async () => {
    const out = join(root, 'whole')
    const result = await startRun({ data, out, settings })
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
