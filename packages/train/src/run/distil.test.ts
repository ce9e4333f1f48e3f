import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseTrainSettings, type TrainSettings } from '../config'
import { readTargets } from '../teacher/targets'
import { readRecords } from './metrics-log'
import { resumeRun } from './resume'
import { startRun } from './start'
import { TINY_MODEL } from './tiny-model.fixtures'

const root = mkdtempSync(join(tmpdir(), 'sohu-match-distil-'))
const path = (name: string): string => join(root, name)
const settings = (more: object, model: object = {}): TrainSettings =>
  parseTrainSettings(
    { model: { ...TINY_MODEL, ...model }, epochs: 2, learning_rate: 0.01, batch_pairs: 4, ema_momentum: 0.5, ...more },
    'test'
  )
const BI = { architecture: 'bi-encoder' }

/** A folder with two tasks; lines of the second may lack labels. */
function writeData(name: string, labelOf: (i: number) => object): string {
  mkdirSync(path(name))
  const lines = (of: string, count: number, label: (i: number) => object): string =>
    Array.from({ length: count }, (_, i) =>
      JSON.stringify({ source: `${of}第${i}场比赛`, target: `${of}第${i - (i % 2)}场`, ...label(i) })
    ).join('\n')
  for (const task of ['x', 'y']) {
    writeFileSync(join(path(name), `${task}.train.jsonl`), lines(task, 10, labelOf))
    writeFileSync(
      join(path(name), `${task}.valid.jsonl`),
      lines(task, 6, (i) => ({ label: String(i % 2) }))
    )
  }
  const tasks = ['x', 'y'].map((task) => ({
    name: task,
    train: [`${task}.train.jsonl`],
    valid: [`${task}.valid.jsonl`]
  }))
  writeFileSync(join(path(name), 'dataset.json'), JSON.stringify({ tasks }))
  return path(name)
}

let labelled: string
let unlabelled: string
beforeAll(async () => {
  labelled = writeData('labelled', (i) => ({ label: String(i % 2) }))
  unlabelled = writeData('unlabelled', (i) => (i % 3 === 0 ? {} : { label: String(i % 2) }))
  await startRun({ data: labelled, out: path('pairs'), settings: settings({ epochs: 1 }) })
  const vectors = { ...BI, hidden_size: 12 }
  await startRun({ data: labelled, out: path('vectors'), settings: settings({ epochs: 1 }, vectors) })
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const weightsOf = (run: string): string => readFileSync(join(path(run), 'last', 'model.safetensors')).toString('base64')
const outcome = (run: string): string[] =>
  ['model', 'ema', 'optimizer'].map((name) =>
    readFileSync(join(path(run), 'last', `${name}.safetensors`)).toString('base64')
  )

describe('a run with a teacher', () => {
  it('learns nothing from labels while it follows the teacher alone', async () => {
    const flipped = writeData('flipped', (i) => ({ label: String(1 - (i % 2)) }))
    const none = writeData('none', () => ({}))
    const teacher = path('pairs/last')
    const asked = settings({ distill_epochs: 2 })
    for (const [data, out] of [
      [labelled, 'alone'],
      [flipped, 'alone-flipped'],
      [none, 'alone-none']
    ] as const)
      await startRun({ data, out: path(out), settings: asked, teacher })
    expect(weightsOf('alone-flipped')).toBe(weightsOf('alone'))
    expect(weightsOf('alone-none')).toBe(weightsOf('alone'))
    await startRun({ data: labelled, out: path('beside'), settings: settings({ distill_weight: 1 }), teacher })
    expect(weightsOf('beside')).not.toBe(weightsOf('alone'))
  })

  it.each([
    ['scores, before labels', { distill_epochs: 1, distill_temperature: 2 }, {}, 'pairs'],
    ['scores, beside labels', { distill_weight: 0.5 }, {}, 'vectors'],
    ['scores, by a bi-encoder', { distill_weight: 0.5 }, BI, 'pairs'],
    ['vectors of another width, with scores', { distill_weight: 1, distill_targets: 'both' }, BI, 'vectors']
  ])('resumes bit for bit, without the teacher: %s', async (name, more, model, from) => {
    const asked = settings(more, model)
    const teacher = path(`teacher of ${name}`)
    cpSync(path(`${from}/last`), teacher, { recursive: true })
    const source = { data: unlabelled, settings: asked, teacher }
    await startRun({ ...source, out: path(`whole ${name}`) })
    let steps = 0
    const stopped = await startRun(
      { ...source, out: path(`stopped ${name}`) },
      { stopping: () => ++steps >= 2 } // asked once per step
    )
    expect(stopped).toMatchObject({ finished: false })
    rmSync(teacher, { recursive: true })
    expect(await resumeRun(path(`stopped ${name}`))).toMatchObject({ finished: true })
    expect(outcome(`stopped ${name}`)).toEqual(outcome(`whole ${name}`))
    const asking = (await readRecords(path(`stopped ${name}`))).filter(({ type }) => type === 'teacher')
    expect(asking).toMatchObject([{ step: 0, pairs: 20, seconds: expect.any(Number) as number }])
  })

  it('runs the teacher again after a kill before the scores were written, and only the same teacher', async () => {
    const teacher = path('pairs/last')
    const asked = settings({ distill_weight: 1 })
    await startRun({ data: labelled, out: path('asked'), settings: asked, teacher })
    const before = outcome('asked')
    for (const name of ['last', 'best', 'teacher.safetensors'])
      rmSync(join(path('asked'), name), { recursive: true, force: true })
    await resumeRun(path('asked'))
    expect(outcome('asked')).toEqual(before)

    for (const name of ['last', 'best', 'teacher.safetensors'])
      rmSync(join(path('asked'), name), { recursive: true, force: true })
    const described = join(path('asked'), 'train.json')
    const run = JSON.parse(readFileSync(described, 'utf8')) as object
    writeFileSync(described, JSON.stringify({ ...run, teacher: path('vectors/last') }))
    await expect(resumeRun(path('asked'))).rejects.toMatchObject({
      code: 'checkpoint-invalid',
      message: expect.stringContaining('has changed') as string
    })
  })

  it('gets the scores of the checkpoint from its exported model folder', async () => {
    const [cli, model] = [fileURLToPath(new URL('../../../export/dist/cli.js', import.meta.url)), path('model')]
    const flags = ['--data', labelled, '--out', model, '--dtype', 'fp32', '--no-latency', '--no-gate']
    execFileSync(process.execPath, [cli, 'sohu', '--checkpoint', path('vectors/last'), ...flags])
    const asked = settings({ distill_weight: 1, distill_targets: 'both', epochs: 1 }, BI)
    const targetsOf = async (name: string, teacher: string) => {
      await startRun({ data: labelled, out: path(name), settings: asked, teacher })
      return readTargets(join(path(name), 'teacher.safetensors'))
    }
    const exported = await targetsOf('by-model', model)
    const trained = await targetsOf('by-checkpoint', path('vectors/last'))
    expect(exported.texts!.width).toBe(12)
    for (const [found, wanted] of [
      [exported.logits, trained.logits],
      [exported.texts!.vectors, trained.texts!.vectors]
    ] as const) {
      expect(found).toHaveLength(wanted.length)
      found.forEach((value, i) => expect(value).toBeCloseTo(wanted[i]!, 3)) // rounding of two runtimes, times a scale of 12
    }
    writeFileSync(join(model, 'vocab.txt'), readFileSync(join(model, 'vocab.txt'), 'utf8').replace('场', '厂'))
    await expect(
      startRun({ data: labelled, out: path('damaged'), settings: asked, teacher: model })
    ).rejects.toMatchObject({ code: 'asset-corrupt' })
    expect(existsSync(path('damaged'))).toBe(false)
  })
})

describe('a teacher that cannot be followed', () => {
  it.each([
    ['none for a weight', { distill_weight: 1 }, {}, undefined, /there is none; add --teacher/],
    ['one without a weight', {}, {}, 'pairs', /set distill_epochs/],
    ['vectors of a cross-encoder', { distill_weight: 1, distill_targets: 'vectors' }, BI, 'pairs', /the teacher is a/],
    ['vectors for a cross-encoder', { distill_weight: 1, distill_targets: 'both' }, {}, 'vectors', /this network is a/]
  ])('is refused before anything is written: %s', async (_, more, model, from, message) => {
    const teacher = from === undefined ? {} : { teacher: path(`${from}/last`) }
    const run = { data: labelled, out: path('refused'), settings: settings(more, model), ...teacher }
    await expect(startRun(run)).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringMatching(message) as string
    })
    expect(existsSync(path('refused'))).toBe(false)
  })

  it('is one that lacks a task; and lines without a label need a teacher', async () => {
    const other = path('other-tasks')
    cpSync(labelled, other, { recursive: true })
    const file = join(other, 'dataset.json')
    writeFileSync(file, readFileSync(file, 'utf8').replace('"name":"y"', '"name":"z"'))
    renameSync(join(other, 'y.train.jsonl'), join(other, 'z.train.jsonl'))
    writeFileSync(file, readFileSync(file, 'utf8').replace('y.train', 'z.train'))
    const asked = settings({ distill_weight: 1 })
    const run = { data: other, out: path('refused'), settings: asked, teacher: path('pairs/last') }
    await expect(startRun(run)).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringContaining('"z"') as string
    })
    await expect(startRun({ data: unlabelled, out: path('refused'), settings: settings({}) })).rejects.toMatchObject({
      code: 'data-invalid',
      message: expect.stringContaining('x.train.jsonl:1') as string
    })
  })
})
