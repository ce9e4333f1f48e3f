import { copyFileSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { predict } from '../../autograd/pass'
import { Variable } from '../../optimizer/variable'
import { largestDifference, toBatch } from '../../checkpoint/parity.fixtures'
import { tf } from '../../tfjs'
import { withPublicWeights } from '../load'
import { temporaryFolder, vocabulary } from '../public-weights.fixtures'

const fixtures = fileURLToPath(new URL('../../../fixtures/keras-tiny/', import.meta.url))

/** A folder with the baseline's trained model in one of the two forms, the configuration and a vocabulary. */
function kerasFolder(form: 'hdf5' | 'tensorflow'): string {
  const folder = temporaryFolder()
  mkdirSync(folder, { recursive: true })
  if (form === 'hdf5') copyFileSync(join(fixtures, 'best_model.h5'), join(folder, 'best_model.weights'))
  else
    for (const file of readdirSync(join(fixtures, 'tensorflow')))
      copyFileSync(join(fixtures, 'tensorflow', file), join(folder, file))
  copyFileSync(join(fixtures, 'bert_config.json'), join(folder, 'bert_config.json'))
  writeFileSync(join(folder, 'vocab.txt'), vocabulary(60))
  return folder
}

const options = { seed: 1, model: { condition_size: 8 } }

describe('a model that the original baseline trained', () => {
  it.each(['hdf5', 'tensorflow'] as const)(
    'comes over whole from %s and gives the probabilities of Keras',
    async (form) => {
      const cases = JSON.parse(readFileSync(join(fixtures, 'cases.json'), 'utf8')) as {
        token_ids: number[][]
        segment_ids: number[][]
        conditions: number[]
        probabilities: number[][]
      }
      await withPublicWeights(kerasFolder(form), options, async ({ config, summary, parameters }) => {
        expect(summary.initialized).toEqual([])
        expect(summary.kind).toBe(form === 'hdf5' ? 'Keras model (HDF5)' : 'Keras model (TensorFlow format)')
        const variables = new Map<string, Variable>()
        for (const { name, shape, read } of parameters) variables.set(name, Variable.create(await read(), shape))
        const probabilities = tf.tidy(() =>
          tf.softmax(predict({ config, variables }, toBatch(cases))).dataSync<'float32'>()
        )
        // float32 on both sides: rounding seen is 3e-7
        expect(largestDifference(probabilities, cases.probabilities.flat())).toBeLessThan(5e-6)
      })
    }
  )

  it('is refused when it is cut short, when it lies beside other weights, or when its condition has another size', async () => {
    const folder = kerasFolder('hdf5')
    const load = (where: string, model: Record<string, unknown> = options.model): Promise<unknown> =>
      withPublicWeights(where, { seed: 1, model }, async ({ parameters }) => {
        for (const { read } of parameters) await read()
      })
    await expect(load(folder, {})).rejects.toMatchObject({
      code: 'checkpoint-invalid',
      message: expect.stringMatching(/"condition\/0\/embeddings" is \[6, 8\]/)
    })
    for (const length of [60_000, 20_000, 1000, 9]) {
      truncateSync(join(folder, 'best_model.weights'), length)
      await expect(load(folder)).rejects.toMatchObject({
        code: 'checkpoint-invalid',
        message: expect.stringContaining('best_model.weights')
      })
    }
    const both = kerasFolder('tensorflow')
    copyFileSync(join(fixtures, 'best_model.h5'), join(both, 'best_model.h5'))
    await expect(load(both)).rejects.toMatchObject({
      code: 'checkpoint-invalid',
      message: expect.stringContaining('there are 2 checkpoints')
    })
  })
})
