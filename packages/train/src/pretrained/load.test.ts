import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  decodeSafetensors,
  encodeSafetensors,
  modelConfigToJson,
  parameterSpecs,
  parseModelConfig,
  type ModelConfig
} from '@sohu-match/core'
import { describe, expect, it } from 'vitest'
import { writeTensorFlow } from '../../tools/write-tensorflow'
import { initialValues } from '../initialization/parameters'
import { Variable } from '../optimizer/variable'
import { fixture, fixtureJson, largestDifference } from '../checkpoint/parity.fixtures'
import { hiddenStates } from './hidden-states.fixtures'
import { withPublicWeights, type LoadOptions } from './load'
import { sourceNames, TENSORFLOW_NAMES } from './names'
import { summaryText, type LoadSummary } from './plan'
import { changeConfig, FORMS, publicFolder, temporaryFolder, vocabulary, type Form } from './public-weights.fixtures'
import { openTensorFlow } from './tensorflow/bundle'

interface Loaded {
  config: ModelConfig
  summary: LoadSummary
  values: Map<string, Float32Array>
  shapes: Map<string, readonly number[]>
}

function load(folder: string, options: Partial<LoadOptions> = {}): Promise<Loaded> {
  return withPublicWeights(folder, { seed: 1, ...options }, async ({ config, summary, parameters }) => {
    const values = new Map<string, Float32Array>()
    for (const { name, read } of parameters) values.set(name, await read())
    return { config, summary, values, shapes: new Map(parameters.map(({ name, shape }) => [name, shape])) }
  })
}

const forms = Object.keys(FORMS) as Form[]
const shared = fixture('roformer-tiny-tf/vocab.txt')

describe('public weights', () => {
  it('are the same bits from a TensorFlow checkpoint, from safetensors and from a PyTorch file', async () => {
    const [tensorflow, safetensors, pytorch] = await Promise.all(forms.map((form) => load(publicFolder(form))))
    expect(tensorflow!.values.size).toBeGreaterThan(40)
    expect(safetensors!.values).toEqual(tensorflow!.values)
    expect(pytorch!.values).toEqual(tensorflow!.values)
  })

  it('have the bits that were written: kernels of linear layers transposed, everything else as it is', async () => {
    const { values } = await load(publicFolder('safetensors'))
    const written = decodeSafetensors(readFileSync(fixture('roformer-tiny-hf/model.safetensors')!), 'model.safetensors')
    const kernel = written.get('roformer.encoder.layer.1.intermediate.dense.weight')! // [64, 32]
    const read = values.get('layer.1.ffn.in.kernel')! // [32, 64]
    for (let row = 0; row < 64; row++)
      for (let column = 0; column < 32; column++) expect(read[column * 64 + row]).toBe(kernel.data[row * 32 + column])
    expect(values.get('embeddings.word')).toEqual(written.get('roformer.embeddings.word_embeddings.weight')!.data)
    expect(values.get('layer.0.ffn.norm.beta')).toEqual(
      written.get('roformer.encoder.layer.0.output.LayerNorm.bias')!.data
    )
  })

  it.each(forms)('from %s: the summary tells what was loaded, initialized and ignored', async (form) => {
    const { summary, values, config, shapes } = await load(publicFolder(form), { seed: 7 })
    expect(summary.loaded).toHaveLength(4 + 2 * 16)
    expect(summary.initialized).toContain('cond_embedding')
    expect(summary.initialized).toContain('layer.1.ffn.norm.gamma_cond')
    expect(summary.initialized).toHaveLength(3 + 2 * 5)
    expect(summary.ignored.every((name) => /^cls[./]|embed_positions/.test(name))).toBe(true)
    expect(summary.ignored.length).toBeGreaterThanOrEqual(5)
    expect(summaryText(summary)).toMatch(
      /loaded {7}36\n {2}initialized {2}13 {2}\(.*cond_embedding.*layer\.\*\.ffn\.norm\.gamma_cond.*\)\n {2}ignored/
    )
    const spec = { name: 'cond_embedding', shape: shapes.get('cond_embedding')!, init: 'uniform' } as const
    expect(values.get('cond_embedding')).toEqual(initialValues(spec, 7))
    expect(new Set(values.get('embeddings.norm.beta_cond'))).toEqual(new Set([0]))
    expect(config.layerNormEps).toBe(1e-12)
  })

  it.each(forms)('from %s give the hidden states and the pooled vectors of the reference', async (form) => {
    const { config, values, shapes } = await load(publicFolder(form), { model: { conditioning: 'none' } })
    const wanted = fixtureJson<
      Record<string, number[][][]> & { token_ids: number[][]; segment_ids: number[][]; pooled_masked_mean: number[][] }
    >('forward.json')
    const { layers, pooled } = hiddenStates(
      config,
      new Map([...values].map(([name, data]) => [name, Variable.create(data, shapes.get(name)!)])),
      wanted.token_ids,
      wanted.segment_ids
    )
    // the tolerances of the fixtures' README: rounding seen there, times about twenty
    expect(
      largestDifference(firstThree(layers[0]!, config, wanted.token_ids.length), wanted.layer0_first3!.flat(2))
    ).toBeLessThan(5e-5)
    expect(
      largestDifference(firstThree(layers[1]!, config, wanted.token_ids.length), wanted.last_hidden_first3!.flat(2))
    ).toBeLessThan(5e-5)
    expect(largestDifference(pooled, wanted.pooled_masked_mean.flat())).toBeLessThan(2e-5)
  })

  it('of several data files and compressed blocks load as those of one plain file', async () => {
    const plain = await load(publicFolder('tensorflow'))
    const folder = publicFolder('tensorflow', join(temporaryFolder(), 'model'))
    const { checkpoint_variables: variables } = fixtureJson<{ checkpoint_variables: [string, number[]][] }>(
      'roformer-tiny-tf/variables.json'
    )
    const source = await openTensorFlow(join(folder, 'bert_model.ckpt.index'))
    expect([...source.tensors.values()].map(({ name, shape }) => [name, shape])).toEqual(variables)
    const tensors = await Promise.all(
      [...source.tensors.values()].map(async ({ name, shape, read }) => {
        const data = await read()
        return { name, shape, values: () => data }
      })
    )
    await source.close()
    const again = temporaryFolder()
    await writeTensorFlow(join(again, 'x.ckpt'), tensors, { shards: 3, snappy: true, blockBytes: 300 })
    writeFileSync(join(again, 'bert_config.json'), readFileSync(join(folder, 'bert_config.json')))
    writeFileSync(join(again, 'vocab.txt'), vocabulary(600))
    expect((await load(again)).values).toEqual(plain.values)
  })

  it('in two safetensors files with an index load as those in one, and a map to another folder is refused', async () => {
    const folder = publicFolder('safetensors')
    const written = [...decodeSafetensors(readFileSync(join(folder, 'model.safetensors')), '')].map(
      ([name, tensor]) => ({ name, ...tensor })
    )
    const whole = await load(folder)
    const sharded = temporaryFolder()
    const halves = [written.slice(0, 20), written.slice(20)]
    halves.forEach((half, i) => writeFileSync(join(sharded, `model-${i}.safetensors`), encodeSafetensors(half)))
    const map = Object.fromEntries(
      halves.flatMap((half, i) => half.map(({ name }) => [name, `model-${i}.safetensors`]))
    )
    const index = (weight_map: unknown): void =>
      writeFileSync(join(sharded, 'model.safetensors.index.json'), JSON.stringify({ weight_map }))
    index(map)
    changeConfig(sharded, 'safetensors', {})
    writeFileSync(join(sharded, 'vocab.txt'), vocabulary(600))
    expect((await load(sharded)).values).toEqual(whole.values)
    index({ ...map, [written[0]!.name]: '../model.safetensors' })
    await expect(load(sharded)).rejects.toMatchObject({
      code: 'checkpoint-invalid',
      message: expect.stringContaining('must be next to the index')
    })
    index({ ...map, [written[0]!.name]: 'model-1.safetensors' })
    await expect(load(sharded)).rejects.toMatchObject({
      code: 'checkpoint-invalid',
      message: expect.stringContaining('which does not have it')
    })
  })

  it('with embeddings narrower than the layers bring the mapping between them', async () => {
    const folder = temporaryFolder()
    const config = {
      vocab_size: 50,
      embedding_size: 8,
      hidden_size: 16,
      num_hidden_layers: 1,
      num_attention_heads: 2,
      intermediate_size: 32
    }
    const names = sourceNames(TENSORFLOW_NAMES, 1)
    const specs = parameterSpecs(parseModelConfig(config)).filter(({ name }) => names.has(name))
    await writeTensorFlow(
      join(folder, 'model'),
      specs.map((spec) => ({ name: names.get(spec.name)!, shape: spec.shape, values: () => initialValues(spec, 3) }))
    )
    writeFileSync(join(folder, 'bert_config.json'), JSON.stringify(config))
    writeFileSync(join(folder, 'vocab.txt'), vocabulary(50))
    const { values, summary } = await load(folder)
    expect(summary.loaded).toContain('embeddings.mapping.kernel')
    expect(values.get('embeddings.mapping.kernel')).toEqual(
      initialValues(
        specs.find(({ name }) => name === 'embeddings.mapping.kernel')!,
        3
      )
    )
  })

  it("become a configuration that keeps the sizes and takes the run's switches", async () => {
    const { config } = await load(publicFolder('safetensors'), {
      model: { conditioning: 'layer-norm', condition_size: 8, max_length: 64, hidden_size: 999 }
    })
    expect(modelConfigToJson(config)).toMatchObject({
      hidden_size: 32,
      vocab_size: 600,
      condition_size: 8,
      max_length: 64,
      num_hidden_layers: 2
    })
  })

  it.skipIf(!shared || !existsSync(shared))('with the vocabulary they were published with load too', async () => {
    const folder = publicFolder('tensorflow')
    writeFileSync(join(folder, 'vocab.txt'), readFileSync(shared!))
    expect((await load(folder)).config.vocabSize).toBe(600)
  })
})

/** The first three positions of each row. */
function firstThree(states: Float32Array, { hiddenSize }: ModelConfig, rows: number): Float32Array {
  const width = states.length / rows
  return Float32Array.from({ length: rows * 3 * hiddenSize }, (_, i) => {
    const row = Math.floor(i / (3 * hiddenSize))
    return states[row * width + (i % (3 * hiddenSize))]!
  })
}
