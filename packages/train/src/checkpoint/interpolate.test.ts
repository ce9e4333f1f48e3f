import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTokenizer, VARIANTS } from '@sohu-match/core'
import { readDataset } from '@sohu-match/node'
import { writeDemoCorpus } from '../data/demo-corpus'
import { encodeExamples } from '../data/encode'
import { startRun } from '../run/start'
import { disposeModel } from '../step/trainer'
import { changeVectors } from './change-vectors'
import { readCheckpoint } from './checkpoint'
import { interpolate } from './interpolate'
import { BI_ENCODER, tinySettings, weightsIn, weightsOf } from './interpolate.fixtures'

const root = mkdtempSync(join(tmpdir(), 'sohu-match-interpolate-'))
const data = join(root, 'data')
/** Cross-encoders, and a bi-encoder. */
const [start, checkpoint, encoder] = ['start', 'tuned', 'vectors'].map((name) => join(root, name, 'best')) as [
  string,
  string,
  string
]

beforeAll(async () => {
  await writeDemoCorpus(data, { train: 16, valid: 8, test: 8 })
  await startRun({ data, out: join(root, 'start'), settings: await tinySettings() })
  await startRun({ data, out: join(root, 'tuned'), init: start, settings: await tinySettings('learning_rate=0.02') })
  await startRun({ data, out: join(root, 'vectors'), settings: await tinySettings(...BI_ENCODER) })
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

describe('interpolate', () => {
  it('writes the point between start and checkpoint, the condition scaled and not mixed', async () => {
    const out = join(root, 'between')
    await interpolate({ start, checkpoints: [checkpoint], share: 0.25, data, out })
    const [from, to, mixed] = await Promise.all([start, checkpoint, out].map(weightsOf))
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
    const conditioned = await tinySettings('model.conditioning="input-embedding"')
    const from = join(root, 'input', 'best')
    await startRun({ data, out: join(root, 'input'), settings: conditioned })
    const out = join(root, 'input-mixed')
    await interpolate({ start: from, checkpoints: [from], share: 0.25, data, out })
    const name = 'embeddings.condition.kernel'
    const [tuned, mixed] = (await Promise.all([from, out].map(weightsOf))).map((all) => all.get(name)!)
    expect(tuned!.some((value) => value !== 0)).toBe(true)
    mixed!.forEach((value, i) => expect(value).toBeCloseTo(0.25 * tuned![i]!, 7))
  })

  it("scales the condition of the named group's tasks alone", async () => {
    const out = join(root, 'conditions')
    await interpolate({ start, checkpoints: [checkpoint], share: 1, conditions: { A: 0.5, 'B-ll': 0 }, data, out })
    const [before, after] = (await Promise.all([checkpoint, out].map(weightsOf))).map((all) =>
      all.get('cond_embedding')!
    )
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
    await startRun({ data, out: join(root, 'other'), settings: await tinySettings('seed=2', 'learning_rate=0.02') })
    const out = join(root, 'averaged')
    await interpolate({ start, checkpoints: [checkpoint, other], share: 1, data, out })
    const [one, two, averaged] = await Promise.all([checkpoint, other, out].map(weightsOf))
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
    await startRun({ data, out: join(root, 'foreign'), settings: await tinySettings('model.conditioning="none"') })
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
    expect(await weightsOf(out)).toEqual(await weightsOf(checkpoint))
  })

  it('moves offsets so that every threshold is 0.5 and every label stays', async () => {
    const data = join(root, 'enough-for-thresholds')
    await writeDemoCorpus(data, { train: 16, valid: 64, test: 8 })
    const [plain, centered] = [join(root, 'plain'), join(root, 'centered')]
    const before = await interpolate({ start: encoder, checkpoints: [encoder], share: 1, data, out: plain })
    const after = await interpolate({
      start: encoder,
      checkpoints: [encoder],
      share: 1,
      data,
      out: centered,
      center: true
    })
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

  it("changes a bi-encoder's vectors by their mean and spread over the valid texts", async () => {
    const changed = join(root, 'changed')
    await interpolate({ start: encoder, checkpoints: [encoder], share: 1, mean: 2, spread: 3, data, out: changed })
    const { model, assets } = await readCheckpoint(encoder)
    const { splits } = await readDataset(data, ['valid'])
    const pairs = await encodeExamples(splits.valid, createTokenizer(assets.vocab, assets.dictionary), model.config)
    await changeVectors(model, pairs, { mean: 2, spread: 3 })
    expect(await weightsOf(changed)).toEqual(weightsIn(model))
    disposeModel(model)
  })

  it('has nothing to weight coordinates by if all valid texts are the same', async () => {
    const [out, alike] = ['no-spread', 'alike'].map((name) => join(root, name)) as [string, string]
    cpSync(data, alike, { recursive: true })
    for (const folder of VARIANTS) {
      const file = join(alike, folder, 'valid.txt')
      writeFileSync(file, readFileSync(file, 'utf8').replace(/"(source|target)": ?"[^"]*"/g, '"$1":"同一句话"'))
    }
    const options = { start: encoder, checkpoints: [encoder], share: 0, data: alike, out }
    await expect(interpolate({ ...options, spread: 1 })).rejects.toMatchObject({ code: 'data-invalid' })
    expect(existsSync(out)).toBe(false)
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
