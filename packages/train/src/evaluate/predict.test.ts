import { parseModelConfig, parameterSpecs, SOHU_TASKS } from '@sohu-match/core'
import { describe, expect, it } from 'vitest'
import type { Model } from '../autograd/pass'
import type { EncodedPairs } from '../data/encode'
import { initialVariables } from '../initialization/parameters'
import { disposeModel } from '../step/trainer'
import { networkOf, pairOutputs } from './predict'

/** The same two texts, for tasks 0, 1 and 2. */
const pairs: EncodedPairs = {
  tokenIds: Int32Array.from([0, 1, 2].flatMap(() => [2, 5, 3, 2, 6, 7, 3])),
  offsets: Int32Array.of(0, 7, 14, 21),
  firstLengths: Int32Array.of(3, 3, 3),
  truncated: new Uint8Array(3),
  taskIds: Int32Array.of(0, 1, 2),
  labels: new Int8Array(3)
}

/** A bi-encoder; `changes` are made to its values by name. */
function biEncoder(changes: (name: string, values: Float32Array) => Float32Array, conditioning = 'layer-norm'): Model {
  const json = {
    vocab_size: 10,
    hidden_size: 8,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    intermediate_size: 8,
    max_length: 16
  }
  const config = parseModelConfig({ ...json, architecture: 'bi-encoder', conditioning, tasks: SOHU_TASKS }, 'test')
  const variables = initialVariables(parameterSpecs(config), 1)
  for (const [name, variable] of variables) variable.assign(changes(name, variable.values()))
  return { config, variables }
}

/** Vectors that are read for the six texts, and the logits. */
async function read(model: Model, more: { alike?: undefined } = {}) {
  const { logits, texts } = await pairOutputs({ ...networkOf(model), ...more }, pairs)
  return { count: texts!.values.length / model.config.hiddenSize, logits }
}

describe('the texts of a bi-encoder', () => {
  it('are read for every task where the task enters the embeddings, and once where it enters nowhere', async () => {
    for (const [conditioning, count] of [
      ['input-embedding', 6],
      ['none', 2]
    ] as const) {
      const model = biEncoder((_, values) => values, conditioning)
      expect((await read(model)).count, conditioning).toBe(count)
      disposeModel(model)
    }
  })

  it('are read once for all tasks while the condition has no effect, as in public weights', async () => {
    const model = biEncoder((_, values) => values)
    const [once, each] = [await read(model), await read(model, { alike: undefined })]
    expect([once.count, each.count]).toEqual([2, 6])
    once.logits.forEach((logit, i) => expect(logit).toBeCloseTo(each.logits[i]!, 5))
    disposeModel(model)
  })

  it('are read once for tasks with the same condition, and again for others', async () => {
    const conditioned = (name: string, values: Float32Array): Float32Array => {
      if (name.endsWith('_cond')) return values.map((_, i) => Math.sin(i))
      const width = values.length / SOHU_TASKS.length
      return name === 'cond_embedding'
        ? values.map((value, i) => (Math.floor(i / width) % 2 === 0 ? 0 : value))
        : values
    }
    const model = biEncoder(conditioned)
    const [shared, each] = [await read(model), await read(model, { alike: undefined })]
    expect([shared.count, each.count]).toEqual([4, 6])
    shared.logits.forEach((logit, i) => expect(logit).toBeCloseTo(each.logits[i]!, 5))
    expect(Math.abs(shared.logits[1]! - shared.logits[3]!)).toBeGreaterThan(1e-3)
    disposeModel(model)
  })
})
