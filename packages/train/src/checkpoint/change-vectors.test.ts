import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTokenizer } from '@sohu-match/core'
import { readDataset } from '@sohu-match/node'
import type { Model } from '../autograd/pass'
import { writeDemoCorpus } from '../data/demo-corpus'
import { encodeExamples, type EncodedPairs } from '../data/encode'
import { networkOf, pairOutputs } from '../evaluate/predict'
import { startRun } from '../run/start'
import { disposeModel } from '../step/trainer'
import { changeVectors, type VectorChange } from './change-vectors'
import { readCheckpoint } from './checkpoint'
import { BI_ENCODER, tinySettings, weightsIn } from './interpolate.fixtures'

const root = mkdtempSync(join(tmpdir(), 'sohu-match-change-vectors-'))
const data = join(root, 'data')

beforeAll(async () => {
  await writeDemoCorpus(data, { train: 16, valid: 8, test: 8 })
  await startRun({ data, out: join(root, 'run'), settings: await tinySettings(...BI_ENCODER) })
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** The trained encoder's weights and the vectors of its valid texts, before and after a change. */
async function change(wanted: VectorChange) {
  const { model, assets } = await readCheckpoint(join(root, 'run', 'best'))
  const { splits } = await readDataset(data, ['valid'])
  const pairs = await encodeExamples(splits.valid, createTokenizer(assets.vocab, assets.dictionary), model.config)
  const state = async () => ({ weights: weightsIn(model), vectors: await vectorsOf(model, pairs) })
  const before = await state()
  await changeVectors(model, pairs, wanted)
  const after = await state()
  disposeModel(model)
  const changed = [...before.weights.keys()].filter(
    (name) => `${before.weights.get(name)}` !== `${after.weights.get(name)}`
  )
  return { before, after, changed: changed.sort() }
}

/** Vectors of the distinct texts of `pairs`, [texts][hidden], each of length 1. */
async function vectorsOf(model: Model, pairs: EncodedPairs): Promise<number[][]> {
  const values = (await pairOutputs(networkOf(model), pairs)).texts!.values
  const width = model.config.hiddenSize
  return Array.from({ length: values.length / width }, (_, row) => [...values.subarray(row * width, (row + 1) * width)])
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

/** A change by the mean alone, what it adds to every vector, and the vectors before it and before they got length 1. */
async function byMean(mean: number) {
  const changed = await change({ mean, spread: 0 })
  const { before, after } = changed
  const [from, to] = [before, after].map(({ weights }) => weights.get('layer.1.ffn.norm.beta')!)
  const more = [...to!].map((value, i) => value - from![i]!)
  return { ...changed, more, whole: beforeNormalization(before.vectors, after.vectors, more) }
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0)
const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value / values.length, 0)

describe('changeVectors', () => {
  it('adds the mean vector of the texts to the last norm, and so to every vector', async () => {
    const { changed, more, whole } = await byMean(2)
    expect(changed).toEqual(['layer.1.ffn.norm.beta'])
    more.forEach((value, i) => expect(value).toBeCloseTo(2 * meanOf(whole.map((vector) => vector[i]!)), 3))
  })

  it('multiplies every coordinate, its mean added, by a power of its deviation over the texts', async () => {
    const { more, whole } = await byMean(2)
    const { changed, after } = await change({ mean: 2, spread: 3 })
    expect(changed).toEqual(['beta', 'beta_cond', 'gamma', 'gamma_cond'].map((name) => `layer.1.ffn.norm.${name}`))
    const deviations = more.map((_, i) => {
      const values = whole.map((vector) => vector[i]!)
      const mean = meanOf(values)
      return Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2)))
    })
    const typical = meanOf(deviations)
    for (const [row, vector] of whole.entries()) {
      const wanted = vector.map((value, i) => (value + more[i]!) * (deviations[i]! / typical) ** 3)
      const length = Math.sqrt(dot(wanted, wanted))
      // float32, and lengths recovered from it
      wanted.forEach((value, i) => expect(after.vectors[row]![i]).toBeCloseTo(value / length, 3))
    }
  })

  it('leaves every weight as it is if nothing is asked for', async () => {
    expect((await change({ mean: 0, spread: 0 })).changed).toEqual([])
  })
})
