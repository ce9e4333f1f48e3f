import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseTrainSettings, type TrainSettings } from '../config'
import { resumeRun } from './resume'
import { startRun } from './start'
import { TINY_MODEL } from './tiny-model.fixtures'

const root = mkdtempSync(join(tmpdir(), 'sohu-match-mining-'))
const data = join(root, 'data')
const model = { ...TINY_MODEL, architecture: 'bi-encoder' }
const settings = (more: object): TrainSettings =>
  parseTrainSettings(
    { model, epochs: 3, learning_rate: 0.01, batch_pairs: 4, ema_momentum: 0.5, contrastive_weight: 1, ...more },
    'test'
  )

/** Pairs of one event and of two; with keys only where fields name them. */
function writeDescription(fields: object): void {
  const task = { name: 'event', train: ['train.jsonl'], valid: ['valid.jsonl'], fields }
  writeFileSync(join(data, 'dataset.json'), JSON.stringify({ tasks: [task] }))
}
beforeAll(() => {
  mkdirSync(data)
  const lines = Array.from({ length: 12 }, (_, i) => {
    const [one, other] = [i >> 1, i % 2 === 0 ? i >> 1 : (i >> 1) + 1]
    const texts = { source: `第${one}届车展开幕`, target: `第${other}届车展今天开始` }
    return JSON.stringify({ ...texts, label: i % 2 === 0 ? '1' : '0', x: `${one}`, y: `${other}` })
  })
  for (const split of ['train', 'valid']) writeFileSync(join(data, `${split}.jsonl`), lines.join('\n'))
  writeDescription({ aKey: 'x', bKey: 'y' })
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const outcome = (run: string): string[] =>
  ['model', 'ema', 'optimizer'].map((name) =>
    readFileSync(join(root, run, 'last', `${name}.safetensors`)).toString('base64')
  )

describe('a run with mined negatives', () => {
  it('resumes bit for bit in the middle of an epoch, with the negatives that the epoch began with', async () => {
    const asked = settings({ mined_negatives: 2 })
    const { state } = await startRun({ data, settings: asked, out: join(root, 'whole') })
    expect(state.mined).toBeUndefined()
    let steps = 0
    const stopped = await startRun(
      { data, settings: asked, out: join(root, 'stopped') },
      { stopping: () => ++steps === 5 } // asked once per step: three steps an epoch
    )
    expect(stopped.state).toMatchObject({ epoch: 1, mined: expect.any(Array) as unknown })
    expect(stopped.state.position).toBeGreaterThan(0)
    expect(stopped.state.mined!.every((place) => place >= 0)).toBe(true)
    await resumeRun(join(root, 'stopped'))
    expect(outcome('stopped')).toEqual(outcome('whole'))
    await startRun({ data, settings: settings({}), out: join(root, 'plain') })
    expect(outcome('plain')).not.toEqual(outcome('whole'))
  })

  it.each([
    ['data without keys', {}, /aKey and bKey/],
    ['no contrastive loss', { contrastive_weight: 0 }, /contrastive_weight is 0/],
    ['a cross-encoder', { contrastive_weight: 0, model: { ...model, architecture: 'cross-encoder' } }, /has no use for/]
  ])('is refused with %s', async (name, more, message) => {
    writeDescription(name === 'data without keys' ? {} : { aKey: 'x', bKey: 'y' })
    const asked = settings({ mined_negatives: 1, ...more })
    await expect(startRun({ data, settings: asked, out: join(root, 'refused') })).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringMatching(message) as string
    })
  })
})
