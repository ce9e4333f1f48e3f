import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readCheckpoint } from '../checkpoint/checkpoint'
import { parsePretrainSettings } from '../pretrain/config'
import { pretrain } from '../pretrain/pretrain'
import { json, sentences } from '../pretrain/small.fixtures'
import { createRandom } from '../data/random'
import { tf, type Tensor2D } from '../tfjs'
import { fewerColumns } from './fewer-columns'
import { makeStudent } from './student'

const root = mkdtempSync(join(tmpdir(), 'sohu-match-student-'))
const [from, out] = [join(root, 'large'), join(root, 'small')]

beforeAll(async () => {
  const texts = join(root, 'texts.txt')
  writeFileSync(texts, sentences.join('\n'))
  const model = { ...json.model, num_hidden_layers: 3, position_embedding_type: 'absolute' }
  await pretrain({ texts, out: from, config: parsePretrainSettings({ ...json, model }, 'test') })
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

describe('a student', () => {
  it('has the requested layers and everything else of its teacher', async () => {
    await makeStudent({ from, out, layers: [0, 2] })
    const [large, small] = [(await readCheckpoint(from)).model, (await readCheckpoint(out)).model]
    expect(small.config).toEqual({ ...large.config, numHiddenLayers: 2 })
    for (const [name, variable] of small.variables) {
      const source = name.replace('layer.1.', 'layer.2.')
      expect(variable.values(), name).toEqual(large.variables.get(source)!.values())
    }
  })

  it('has narrower tables of embeddings, and is narrowed only once', async () => {
    const narrow = join(root, 'narrow')
    await makeStudent({ from, out: narrow, layers: [1], embeddingSize: 12 })
    const { config, variables } = (await readCheckpoint(narrow)).model
    expect(config).toMatchObject({ embeddingSize: 12, hiddenSize: 16, numHiddenLayers: 1 })
    expect(variables.get('embeddings.word')!.shape).toEqual([config.vocabSize, 12])
    expect(variables.get('embeddings.position')!.shape).toEqual([config.maxPositionEmbeddings, 12])
    await expect(makeStudent({ from: narrow, out, layers: [0], embeddingSize: 4, force: true })).rejects.toMatchObject({
      code: 'config-invalid'
    })
  })

  it.each([[[]], [[3]], [[1, 0]], [[1, 1]]])('is refused with layers %j', async (layers) => {
    await expect(makeStudent({ from, out, layers, force: true })).rejects.toMatchObject({ code: 'config-invalid' })
  })
})

describe('embeddings of fewer columns', () => {
  const random = createRandom('columns')
  const normal = (rows: number, columns: number): Tensor2D =>
    tf.tensor2d(
      Float32Array.from({ length: rows * columns }, () => random.normal()),
      [rows, columns]
    )

  it('map back exactly if the columns depend on each other', () => {
    const factors = normal(200, 5)
    const embeddings = tf.matMul(factors, normal(5, 12)) as Tensor2D
    const { basis, kernel, bias } = fewerColumns(embeddings, embeddings, 5)
    const restored = tf.matMul(tf.matMul(embeddings, basis), basis, false, true)
    expect(tf.max(tf.abs(tf.sub(restored, embeddings))).dataSync()[0]).toBeLessThan(1e-4) // float32, values of some 5
    expect(tf.max(tf.abs(tf.sub(tf.matMul(basis, basis, true), tf.eye(5)))).dataSync()[0]).toBeLessThan(1e-5)
    expect([kernel.length, bias.length]).toEqual([60, 12])
  })

  it('fit the targets by least squares', () => {
    const embeddings = normal(300, 8)
    const whole = fewerColumns(embeddings, embeddings, 6)
    const rows = tf.matMul(embeddings, whole.basis)
    const { mean, variance } = tf.moments(rows, 1, true)
    const inputs = tf.div(tf.sub(rows, mean), tf.sqrt(variance)) as Tensor2D
    const targets = tf.add(tf.matMul(inputs, normal(6, 8)), tf.tensor1d([1, 2, 3, 4, 5, 6, 7, 8])) as Tensor2D
    const { kernel, bias } = fewerColumns(embeddings, targets, 6)
    const found = tf.add(tf.matMul(inputs, tf.tensor2d(kernel, [6, 8])), tf.tensor1d(bias))
    expect(tf.max(tf.abs(tf.sub(found, targets))).dataSync()[0]).toBeLessThan(1e-3) // rows have mean 0, so 6 columns are 5 independent ones
  })
})
