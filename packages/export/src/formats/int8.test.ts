import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseModelConfig, type Batch, type Dtype } from '@sohu-match/core'
import { randomWeights } from '@sohu-match/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { openGraphIn, weightsOf } from '../../tools/graph-file'
import { allTasksGraph } from '../graph/graph'
import { quantizeColumns, quantizeRows } from '../quantize/int8'
import { FORMATS } from '.'
import type { WeightFormat } from './format'

const folder = mkdtempSync(join(tmpdir(), 'export-int8-'))
afterAll(() => rmSync(folder, { recursive: true }))

const base = {
  vocab_size: 50,
  hidden_size: 16,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 32,
  condition_size: 4
}

const batch: Batch = {
  batch: 2,
  seq: 5,
  tokenIds: Int32Array.of(2, 9, 3, 8, 3, 2, 7, 3, 0, 0),
  segmentIds: Int32Array.of(0, 0, 0, 1, 1, 0, 0, 0, 0, 0),
  taskIds: Int32Array.of(4, 1)
}

const largest = (a: Float32Array, b: Float32Array) =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0)

describe('int8 where one column of the norms between layers is 20 times as large as the others', () => {
  const [column, gain] = [5, 20]
  // Errors of the logits here: at most .0012, and .017 with norms before the branches, whose logits are larger. Rounded as it is, that column
  // leaves the others about six levels: at least .0050, and .146.
  it.each([
    [{ pooling: 'mean' }, 0.003],
    [{ pooling: 'cls' }, 0.003],
    [{ conditioning: 'none' }, 0.003],
    [{ norm_position: 'pre' }, 0.06]
  ] as const)('gives the logits of fp32 for %j within %f', async (change, tolerance) => {
    const config = parseModelConfig({ ...base, ...change })
    const random = weightsOf(randomWeights(config, 3))
    const last = config.normPosition === 'pre' ? 'final.norm.gamma' : 'layer.1.ffn.norm.gamma'
    const read = (name: string) => {
      if (/norm\.gamma$/.test(name) && name !== last)
        return random(name).map((value, i) => (i === column ? gain : value))
      if (!/(query|key|value|ffn\.in)\.kernel$/.test(name)) return random(name)
      const width = random(name).length / config.hiddenSize
      return random(name).map((value, i) => (Math.floor(i / width) === column ? value / gain : value))
    }
    const run = async (dtype: Dtype) => {
      const name = `outlier-${JSON.stringify(change).replace(/\W/g, '')}-${dtype}`
      return (await openGraphIn(folder, name, allTasksGraph(config, read, FORMATS[dtype]()))).run(batch)
    }
    expect(largest(await run('int8'), await run('fp32'))).toBeLessThan(tolerance)
  })
})

describe('int8 with activations of 14 bits', () => {
  // Weights that 8 bits hold exactly, norms that leave columns as they are, and no other tables: all that is left is the rounding of
  // activations. Of 8 bits it is the whole error; the two parts of 14 have 62 times smaller steps.
  it('moves logits by a twentieth of what activations of 8 bits do, at most', async () => {
    const config = parseModelConfig(base)
    const random = weightsOf(randomWeights(config, 3))
    const read = (name: string): Float32Array => {
      const data = random(name)
      if (name.endsWith('norm.gamma')) return data.map(() => 1)
      if (!name.endsWith('.kernel') && name !== 'embeddings.word') return data.map(() => 0)
      const byRow = name === 'embeddings.word'
      const width = byRow ? config.embeddingSize : biasWidth(name)
      const { values, scales } = byRow ? quantizeRows(data, width) : quantizeColumns(data, width)
      return data.map((_, i) => values[i]! * scales[byRow ? Math.floor(i / width) : i % width]!)
    }
    const biasWidth = (kernel: string) => random(kernel.replace(/kernel$/, 'bias')).length
    const run = async (name: string, format: WeightFormat) =>
      (await openGraphIn(folder, `activations-${name}`, allTasksGraph(config, read, format))).run(batch)
    const exact = await run('fp32', FORMATS.fp32())
    const errors = await Promise.all(
      ([8, 14] as const).map(async (activationBits) =>
        largest(await run(`${activationBits}`, FORMATS.int8({ activationBits })), exact)
      )
    )
    expect(errors[0]).toBeGreaterThan(0)
    expect(errors[1]! * 20).toBeLessThan(errors[0]!)
  })
})
