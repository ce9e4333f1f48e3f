import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTokenizer, VARIANTS } from '@sohu-match/core'
import { readDataset } from '@sohu-match/node'
import { applyOverrides, parseTrainSettings, presets } from '../config'
import { writeDemoCorpus } from '../data/demo-corpus'
import { encodeExamples } from '../data/encode'
import { networkOf, pairOutputs } from '../evaluate/predict'
import { startRun } from '../run/start'
import { disposeModel } from '../step/trainer'
import { readCheckpoint } from './checkpoint'
import { interpolate } from './interpolate'

const root = mkdtempSync(join(tmpdir(), 'sohu-match-interpolate-'))
const data = join(root, 'data')
const [start, checkpoint] = ['start', 'tuned'].map((name) => join(root, name, 'best')) as [string, string]

beforeAll(async () => {
  await writeDemoCorpus(data, { train: 16, valid: 8, test: 8 })
  await startRun({ data, out: join(root, 'start'), settings: await settings() })
  await startRun({ data, out: join(root, 'tuned'), init: start, settings: await settings('learning_rate=0.02') })
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** Without what only a cross-encoder has. */
const BI_ENCODER = [
  'model.architecture="bi-encoder"',
  'initialization="reference"',
  'token_match_weight=0',
  'lexical_weight=0',
  'learning_rate=0.02'
]

async function settings(...more: string[]) {
  const tiny = ['vocab_size=200', 'hidden_size=8', 'num_attention_heads=2', 'intermediate_size=8', 'max_length=32']
  return parseTrainSettings(
    applyOverrides(await presets.read('smoke'), [...tiny.map((key) => `model.${key}`), 'epochs=1', ...more]),
    'test'
  )
}

/** Vectors of length 1, from two checkpoints. */
const both = (...[one, other]: [string, string]) => Promise.all([vectorsOf(one), vectorsOf(other)])

/** What the second checkpoint adds to every vector. */
function added(before: Map<string, Float32Array>, after: Map<string, Float32Array>): number[] {
  const name = 'layer.1.ffn.norm.beta'
  return [...after.get(name)!].map((value, i) => value - before.get(name)![i]!)
}

/** The vectors before they got length 1, [texts][hidden]. A vector v was t v, and became s (t v + more); t follows from both. */
function beforeNormalization(from: number[][], to: number[][], more: readonly number[]): number[][] {
  return from.map((v, row) => {
    const other = to[row]!
    const [vc, cc, vo, co] = [dot(v, more), dot(more, more), dot(v, other), dot(more, other)]
    const t = (vo * cc - co * vc) / (co - vo * vc)
    return v.map((value) => t * value)
  })
}

/** Vectors of the distinct texts of the valid pairs, each of length 1. */
async function vectorsOf(folder: string): Promise<number[][]> {
  const { model, assets } = await readCheckpoint(folder)
  const { splits } = await readDataset(data, ['valid'])
  const pairs = await encodeExamples(splits.valid, createTokenizer(assets.vocab, assets.dictionary), model.config)
  const { texts } = await pairOutputs(networkOf(model), pairs)
  const width = model.config.hiddenSize
  disposeModel(model)
  return Array.from({ length: texts!.values.length / width }, (_, row) => [
    ...texts!.values.subarray(row * width, (row + 1) * width)
  ])
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0)

async function weights(folder: string): Promise<Map<string, Float32Array>> {
  const { model } = await readCheckpoint(folder)
  const values = new Map([...model.variables].map(([name, variable]) => [name, variable.values()]))
  disposeModel(model)
  return values
}

describe('interpolate', () => {
  it('writes the point between start and checkpoint, the condition scaled and not mixed', async () => {
    const out = join(root, 'between')
    await interpolate({ start, checkpoints: [checkpoint], share: 0.25, data, out })
    const [from, to, mixed] = await Promise.all([start, checkpoint, out].map(weights))
    const name = 'layer.0.ffn.in.kernel'
    mixed!
      .get(name)!
      .forEach((value, i) => expect(value).toBeCloseTo(0.75 * from!.get(name)![i]! + 0.25 * to!.get(name)![i]!, 6))
    mixed!
      .get('layer.0.ffn.norm.gamma_cond')!
      .forEach((value, i) => expect(value).toBeCloseTo(0.25 * to!.get('layer.0.ffn.norm.gamma_cond')![i]!, 7))
    expect(mixed!.get('cond_embedding')).toEqual(to!.get('cond_embedding'))
    expect(from!.get(name)).not.toEqual(to!.get(name))
  })

  it('scales a condition of the input embeddings as well, which starts at random', async () => {
    const conditioned = await settings('model.conditioning="input-embedding"')
    const from = join(root, 'input', 'best')
    await startRun({ data, out: join(root, 'input'), settings: conditioned })
    const out = join(root, 'input-mixed')
    await interpolate({ start: from, checkpoints: [from], share: 0.25, data, out })
    const name = 'embeddings.condition.kernel'
    const [tuned, mixed] = (await Promise.all([from, out].map(weights))).map((all) => all.get(name)!)
    expect(tuned!.some((value) => value !== 0)).toBe(true)
    mixed!.forEach((value, i) => expect(value).toBeCloseTo(0.25 * tuned![i]!, 7))
  })

  it("scales the condition of the named group's tasks alone", async () => {
    const out = join(root, 'conditions')
    await interpolate({ start, checkpoints: [checkpoint], share: 1, conditions: { A: 0.5, 'B-ll': 0 }, data, out })
    const [before, after] = (await Promise.all([checkpoint, out].map(weights))).map((all) => all.get('cond_embedding')!)
    const width = before!.length / 6
    const factors = [0.5, 1, 0.5, 1, 0.5, 0] // A-ss B-ss A-sl B-sl A-ll B-ll
    before!.forEach((value, i) => expect(after![i]).toBeCloseTo(factors[Math.floor(i / width)]! * value, 7))
    const twice = interpolate({
      start,
      checkpoints: [checkpoint],
      share: 1,
      conditions: { B: 0.5, 'B-ll': 0.5 },
      data,
      out: join(root, 'twice')
    })
    await expect(twice).rejects.toThrow('a factor of its own and one of its group "B"')
    const unknown = interpolate({
      start,
      checkpoints: [checkpoint],
      share: 1,
      conditions: { C: 1 },
      data,
      out: join(root, 'unknown')
    })
    await expect(unknown).rejects.toThrow(/no task or group "C"; it has A-ss, A, B-ss/)
  })

  it('averages the weights of several checkpoints and the effects of their conditions', async () => {
    const other = join(root, 'other', 'best')
    await startRun({ data, out: join(root, 'other'), settings: await settings('seed=2', 'learning_rate=0.02') })
    const out = join(root, 'averaged')
    await interpolate({ start, checkpoints: [checkpoint, other], share: 1, data, out })
    const [one, two, averaged] = await Promise.all([checkpoint, other, out].map(weights))
    const name = 'layer.0.ffn.in.kernel'
    averaged!
      .get(name)!
      .forEach((value, i) => expect(value).toBeCloseTo((one!.get(name)![i]! + two!.get(name)![i]!) / 2, 6))
    const effectOf = (all: Map<string, Float32Array>, task: number, unit: number): number => {
      const [embedding, kernel] = ['cond_embedding', 'layer.1.ffn.norm.gamma_cond'].map((key) => all.get(key)!)
      const [size, width] = [embedding!.length / 6, kernel!.length / (embedding!.length / 6)]
      return embedding!
        .slice(task * size, (task + 1) * size)
        .reduce((sum, x, k) => sum + x * kernel![k * width + unit]!, 0)
    }
    expect(one!.get('cond_embedding')).not.toEqual(two!.get('cond_embedding'))
    for (const [task, unit] of [
      [0, 0],
      [5, 3],
      [2, 7]
    ] as const) {
      const [first, second] = [effectOf(one!, task, unit), effectOf(two!, task, unit)]
      expect(Math.abs(first - second)).toBeGreaterThan(1e-5)
      expect(effectOf(averaged!, task, unit)).toBeCloseTo((first + second) / 2, 6)
    }
    await startRun({ data, out: join(root, 'foreign'), settings: await settings('model.conditioning="none"') })
    const foreign = join(root, 'foreign', 'best')
    const refused = interpolate({
      start,
      checkpoints: [checkpoint, foreign],
      share: 1,
      data,
      out: join(root, 'unlike')
    })
    await expect(refused).rejects.toThrow(/foreign.* not the same network/)
    const reordered = join(root, 'reordered')
    cpSync(checkpoint, reordered, { recursive: true })
    const config = join(reordered, 'config.json')
    const swapped = (name: string): string => (name === '"A-ss"' ? '"A-ll"' : '"A-ss"')
    writeFileSync(config, readFileSync(config, 'utf8').replace(/"A-ss"|"A-ll"/g, swapped))
    const apart = interpolate({ start, checkpoints: [checkpoint, reordered], share: 1, data, out: join(root, 'apart') })
    await expect(apart).rejects.toThrow(/reordered was trained for A-ll, B-ss/)
    const none = interpolate({ start, checkpoints: [], share: 1, data, out: join(root, 'none') })
    await expect(none).rejects.toMatchObject({ code: 'config-invalid' })
  })

  it('writes the checkpoint itself at share 1', async () => {
    const out = join(root, 'same')
    await interpolate({ start, checkpoints: [checkpoint], share: 1, data, out })
    expect(await weights(out)).toEqual(await weights(checkpoint))
  })

  it('moves offsets so that every threshold is 0.5 and every label stays', async () => {
    const tuned = join(root, 'vectors', 'best')
    const data = join(root, 'enough-for-thresholds')
    await writeDemoCorpus(data, { train: 16, valid: 64, test: 8 })
    await startRun({ data, out: join(root, 'vectors'), settings: await settings(...BI_ENCODER) })
    const [plain, centered] = [join(root, 'plain'), join(root, 'centered')]
    const before = await interpolate({ start: tuned, checkpoints: [tuned], share: 1, data, out: plain })
    const after = await interpolate({ start: tuned, checkpoints: [tuned], share: 1, data, out: centered, center: true })
    const [from, to] = await Promise.all(
      [plain, centered].map(async (folder) => (await readCheckpoint(folder)).thresholds)
    )
    expect(new Set(Object.values(to!))).toEqual(new Set([0.5]))
    expect(Object.values(from!).some((threshold) => Math.abs((threshold as number) - 0.5) > 1e-3)).toBe(true)
    expect(after.mean).toBe(before.mean)
    // What a fresh reading of the written checkpoint predicts is what was promised.
    const again = await interpolate({
      start: centered,
      checkpoints: [centered],
      share: 1,
      data,
      out: join(root, 'again')
    })
    for (const [task, { auc, f1 }] of Object.entries(after.tasks)) {
      expect(again.tasks[task]!.auc).toBeCloseTo(auc!, 6)
      expect(f1).toBe(before.tasks[task]!.f1)
    }
  })

  it('adds the mean vector of the valid texts to the last norm, and so to every vector', async () => {
    const vectors = join(root, 'some-vectors')
    const bi = await settings(...BI_ENCODER)
    await startRun({ data, out: vectors, settings: bi })
    const tuned = join(vectors, 'best')
    const shifted = join(root, 'shifted')
    await interpolate({ start: tuned, checkpoints: [tuned], share: 1, mean: 2, data, out: shifted })
    const [before, after] = await Promise.all([tuned, shifted].map(weights))
    const changed = [...before!.keys()].filter((name) => `${before!.get(name)}` !== `${after!.get(name)}`)
    expect(changed).toEqual(['layer.1.ffn.norm.beta'])
    const whole = beforeNormalization(...(await both(tuned, shifted)), added(before!, after!))
    added(before!, after!).forEach((value, i) =>
      expect(value).toBeCloseTo(
        whole.reduce((sum, vector) => sum + (2 * vector[i]!) / whole.length, 0),
        3
      )
    )
  })

  it('multiplies every coordinate, its mean added as in the test before, by a power of its deviation over the valid texts', async () => {
    const [tuned, shifted, spread] = ['some-vectors/best', 'shifted', 'spread'].map((name) => join(root, name))
    await interpolate({ start: tuned!, checkpoints: [tuned!], share: 1, mean: 2, spread: 3, data, out: spread! })
    const [plain, moved, after] = await Promise.all([tuned!, shifted!, spread!].map(weights))
    const changed = [...plain!.keys()].filter((name) => `${plain!.get(name)}` !== `${after!.get(name)}`)
    expect(changed.sort()).toEqual(
      ['beta', 'beta_cond', 'gamma', 'gamma_cond'].map((name) => `layer.1.ffn.norm.${name}`)
    )
    const more = added(plain!, moved!)
    const whole = beforeNormalization(...(await both(tuned!, shifted!)), more)
    const deviations = more.map((_, i) => {
      const values = whole.map((vector) => vector[i]!)
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length
      return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)
    })
    const typical = deviations.reduce((sum, value) => sum + value, 0) / deviations.length
    const got = await vectorsOf(spread!)
    for (const [row, vector] of whole.entries()) {
      const wanted = vector.map((value, i) => (value + more[i]!) * (deviations[i]! / typical) ** 3)
      const length = Math.sqrt(dot(wanted, wanted))
      wanted.forEach((value, i) => expect(got[row]![i]).toBeCloseTo(value / length, 3)) // float32, and lengths recovered from it
    }
  })

  it('has nothing to weight coordinates by if all valid texts are the same', async () => {
    const [tuned, out, alike] = ['some-vectors/best', 'no-spread', 'alike'].map((name) => join(root, name))
    cpSync(data, alike!, { recursive: true })
    for (const folder of VARIANTS) {
      const file = join(alike!, folder, 'valid.txt')
      writeFileSync(file, readFileSync(file, 'utf8').replace(/"(source|target)": ?"[^"]*"/g, '"$1":"同一句话"'))
    }
    const options = { start: tuned!, checkpoints: [tuned!], share: 0, data: alike!, out: out! }
    await expect(interpolate({ ...options, spread: 1 })).rejects.toMatchObject({ code: 'data-invalid' })
    expect(existsSync(out!)).toBe(false)
    await interpolate({ ...options, mean: 1 })
  })

  it('has no offset to move and no vectors to change in a cross-encoder', async () => {
    const out = join(root, 'no-vectors')
    for (const more of [{ center: true }, { mean: 1 }, { spread: 1 }])
      await expect(
        interpolate({ start, checkpoints: [checkpoint], share: 1, data, out, ...more })
      ).rejects.toMatchObject({ code: 'config-invalid' })
    expect(existsSync(out)).toBe(false)
  })

  it('refuses a share beyond 0 to 1 and factors that are negative or not numbers, and leaves what is at --out alone', async () => {
    const out = join(root, 'refused')
    for (const share of [NaN, -0.1, 1.5])
      await expect(interpolate({ start, checkpoints: [checkpoint], share, data, out })).rejects.toMatchObject({
        code: 'config-invalid'
      })
    for (const more of [{ mean: NaN }, { mean: -1 }, { spread: NaN }, { spread: -1 }, { conditions: { A: Infinity } }])
      await expect(
        interpolate({ start, checkpoints: [checkpoint], share: 1, data, out, ...more })
      ).rejects.toMatchObject({ code: 'config-invalid' })
    expect(existsSync(out)).toBe(false)
    await expect(interpolate({ start, checkpoints: [checkpoint], share: 1, data, out: start })).rejects.toMatchObject({
      code: 'output-exists'
    })
  })
})
