import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parameterSpecs, type ModelConfig } from '@sohu-match/core'
import { describe, expect, it } from 'vitest'
import { largestDifference } from '../checkpoint/parity.fixtures'
import { Variable } from '../optimizer/variable'
import { hiddenStates } from './hidden-states.fixtures'
import { withPublicWeights, type LoadOptions } from './load'
import { publicFolder, temporaryFolder } from './public-weights.fixtures'

const FIXTURES = fileURLToPath(new URL('../../../core/fixtures/bert-tiny/', import.meta.url))
const FORMS = ['safetensors', 'pytorch', 'onnx', 'onnx-unfolded', 'tensorflow'] as const
const MAX_LENGTH = 12

interface Loaded {
  readonly config: ModelConfig
  readonly vocab: string
  readonly values: ReadonlyMap<string, Float32Array>
  readonly shapes: ReadonlyMap<string, readonly number[]>
}

function load(folder: string, options: Partial<LoadOptions> = {}): Promise<Loaded> {
  const model = { conditioning: 'none', max_length: MAX_LENGTH, ...options.model }
  return withPublicWeights(folder, { seed: 1, ...options, model }, async ({ config, vocab, parameters }) => {
    const values = new Map<string, Float32Array>()
    for (const { name, read } of parameters) values.set(name, await read())
    return { config, vocab, values, shapes: new Map(parameters.map(({ name, shape }) => [name, shape])) }
  })
}

/** A copy of a form's folder, to be changed. */
function copyOf(form: (typeof FORMS)[number]): string {
  const folder = temporaryFolder()
  cpSync(join(FIXTURES, form), folder, { recursive: true })
  return folder
}

const problem = (folder: string, options: Partial<LoadOptions> = {}): Promise<string> =>
  load(folder, options).then(
    () => 'no error',
    (error: Error) => error.message
  )

describe('a small random BERT', () => {
  it.each(FORMS)('from %s gives the hidden states of transformers', async (form) => {
    const { config, values, shapes } = await load(join(FIXTURES, form))
    expect(config).toMatchObject({
      positionEmbeddingType: 'absolute',
      maxPositionEmbeddings: 12,
      wordSegmentation: 'none',
      pooling: 'mean',
      architecture: 'cross-encoder'
    })
    const { token_ids, segment_ids, last_hidden } = JSON.parse(
      readFileSync(join(FIXTURES, 'forward.json'), 'utf8')
    ) as { token_ids: number[][]; segment_ids: number[][]; last_hidden: number[] }
    const variables = new Map([...values].map(([name, data]) => [name, Variable.create(data, shapes.get(name)!)]))
    const found = hiddenStates(config, variables, token_ids, segment_ids).layers.at(-1)!
    const read = (states: ArrayLike<number>): number[] =>
      Array.from(states).filter((_, i) => token_ids.flat()[Math.floor(i / config.hiddenSize)] !== 0)
    expect(read(found)).toHaveLength(18 * config.hiddenSize)
    expect(largestDifference(read(found), read(last_hidden))).toBeLessThan(2e-5) // rounding of two programs, two layers
  })

  it('gives the same bits and the same vocabulary from every form', async () => {
    const [first, ...others] = await Promise.all(FORMS.map((form) => load(join(FIXTURES, form))))
    expect(first!.values.size).toBe(5 + 2 * 16 + 2)
    expect(first!.vocab.split('\n')[5]).toBe('[white-space-5]')
    for (const other of others) expect(other).toEqual(first)
  })

  it("takes the run's own architecture, pooling and word segmentation", async () => {
    const { config, values } = await load(join(FIXTURES, 'onnx'), {
      model: { architecture: 'bi-encoder', pooling: 'cls', word_segmentation: 'jieba' }
    })
    expect(config).toMatchObject({ architecture: 'bi-encoder', pooling: 'cls', wordSegmentation: 'jieba' })
    expect(values.get('score.scale')).toEqual(new Float32Array(6).fill(12))
    expect(values.has('classifier.kernel')).toBe(false)
  })
})

describe('rotary positions in place of learned ones', () => {
  it.each(FORMS)('leave out the table of %s and keep every other weight and token', async (form) => {
    const folder = join(FIXTURES, form)
    const [learned, rotary] = [await load(folder), await load(folder, { rotaryPositions: true })]
    expect(learned.values.has('embeddings.position')).toBe(true)
    expect(rotary.config).toEqual({ ...learned.config, positionEmbeddingType: 'rotary' })
    expect([...rotary.values]).toEqual([...learned.values].filter(([name]) => name !== 'embeddings.position'))
    expect([...rotary.values.keys()]).toEqual(parameterSpecs(rotary.config).map(({ name }) => name))
    expect(rotary.vocab).toBe(learned.vocab)
  })

  it('are reported: the table is ignored, not loaded', async () => {
    const { loaded, ignored } = await withPublicWeights(
      join(FIXTURES, 'safetensors'),
      { seed: 1, rotaryPositions: true, model: { max_length: MAX_LENGTH } },
      ({ summary }) => Promise.resolve(summary)
    )
    expect(loaded).not.toContain('embeddings.position')
    expect(ignored).toContainEqual(expect.stringContaining('embeddings.position_embeddings.weight'))
  })

  it('are refused for weights that have them already', async () => {
    expect(await problem(publicFolder('safetensors'), { rotaryPositions: true })).toContain(
      'the positions are rotary already'
    )
  })
})

describe('a vocabulary', () => {
  it('mostly of words means jieba', async () => {
    const folder = copyOf('safetensors')
    const tokens = readFileSync(join(folder, 'vocab.txt'), 'utf8').split('\n')
    for (let id = 6; id < 12; id++) tokens[id] = `今天${tokens[id]!}`
    writeFileSync(join(folder, 'vocab.txt'), tokens.join('\n'))
    expect((await load(folder)).config.wordSegmentation).toBe('jieba')
  })

  it('with letters in upper case, or of another tokenizer, is refused', async () => {
    const folder = copyOf('safetensors')
    const vocab = readFileSync(join(folder, 'vocab.txt'), 'utf8')
    writeFileSync(join(folder, 'vocab.txt'), vocab.replace('\na\n', '\nA\n'))
    expect(await problem(folder)).toContain('1 tokens have letters in upper case (A)')
    const other = copyOf('onnx')
    const json = readFileSync(join(other, 'tokenizer.json'), 'utf8')
    writeFileSync(join(other, 'tokenizer.json'), json.replace('"BertPreTokenizer"', '"Whitespace"'))
    expect(await problem(other)).toContain('not the tokenizer of a BERT')
  })
})

describe('an ONNX file', () => {
  it('cut short anywhere is refused', async () => {
    const folder = copyOf('onnx')
    const whole = readFileSync(join(folder, 'model.onnx'))
    for (const length of [0, 7, 100, Math.floor(whole.length / 2), whole.length - 1]) {
      writeFileSync(join(folder, 'model.onnx'), whole.subarray(0, length))
      expect(await problem(folder), String(length)).toContain('model.onnx')
    }
  })

  it.each([
    ['MatMul', 'QMatMu', 'lacks'],
    ['Unsqueeze', 'QLinearAd', 'its weights are quantized'],
    ['Unsqueeze', 'Attention', 'an optimizer fused its layers']
  ])('whose operations %s are called %s: %s', async (from, to, expected) => {
    const folder = copyOf('onnx')
    const bytes = readFileSync(join(folder, 'model.onnx'), 'latin1').replaceAll(from, to)
    writeFileSync(join(folder, 'model.onnx'), bytes, 'latin1')
    expect(await problem(folder)).toContain(expected)
  })
})

it('of more tokens than the table of positions has is refused', async () => {
  expect(await problem(join(FIXTURES, 'safetensors'), { model: { max_length: 13 } })).toContain(
    'max_length 13 is beyond the position table'
  )
})
