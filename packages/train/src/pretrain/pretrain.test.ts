import { existsSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTokenizer, parameterSpecs, parseModelConfig, parseVocab } from '@sohu-match/core'
import { describe, expect, it } from 'vitest'
import type { Model } from '../autograd/pass'
import { readCheckpoint } from '../checkpoint'
import { parseTrainConfig, readPreset } from '../config'
import { demoPairs, writeDemoCorpus } from '../data/demo-corpus'
import { createRandom } from '../data/random'
import { bundledDictionary } from '../dictionary'
import { initialValues } from '../initialization/parameters'
import { Variable } from '../optimizer/variable'
import { takeOver } from '../pretrained/take-over'
import { tf } from '../tfjs'
import { parsePretrainConfig, pretrainPresetNames, readPretrainPreset } from './config'
import { createMasking } from './masking'
import { evaluateMasked, headSpecs, maskedLossAndGradients } from './pass'
import { pretrain } from './pretrain'
import { encodeSequences, ROLE, type Sequences } from './sequences'
import { PretrainTrainer } from './trainer'

const folder = mkdtempSync(join(tmpdir(), 'pretrain-'))
const vocab = readFileSync(new URL('../../../core/fixtures/vocab.txt', import.meta.url), 'utf8')
const sentences = demoPairs(0, 'train', 40).map(({ source }) => source)

const json = {
  model: { vocab_size: 600, hidden_size: 16, num_hidden_layers: 2, num_attention_heads: 2, intermediate_size: 32, max_length: 32, condition_size: 4, hidden_dropout_prob: 0 },
  epochs: 1, batch_pairs: 8, batch_tokens: 512, learning_rate: 0.01, clip_norm: 1
}

async function tokenizer() {
  return createTokenizer(vocab, (await bundledDictionary()).dictionary)
}

function smallModel(vocabSize: number, random = createRandom('pretrain')): Model {
  const config = parseModelConfig({ ...json.model, vocab_size: vocabSize, embedding_size: 8, conditioning: 'none' })
  const specs = [...parameterSpecs(config), ...headSpecs(config)]
  return { config, variables: new Map(specs.map((spec) => [spec.name, Variable.create(initialValues(spec, 1).map((x) => x + 0.1 * random.normal()), spec.shape)])) }
}

describe('sequences for pretraining', () => {
  it('have the ids that the tokenizer gives the whole text, with a role for each', async () => {
    const tools = await tokenizer()
    const { tokenIds, offsets, roles, firstLengths } = await encodeSequences(sentences.map((text) => [text]), tools, 512)
    sentences.forEach((text, i) => {
      const ids = [...tokenIds.subarray(offsets[i]!, offsets[i + 1]!)]
      expect(ids).toEqual([tools.vocab.startId, ...tools.ids(text), tools.vocab.separatorId])
      const found = roles.subarray(offsets[i]!, offsets[i + 1]!)
      expect([found[0], found.at(-1)]).toEqual([ROLE.special, ROLE.special])
      expect(found.filter((role) => role === ROLE.starts)).toHaveLength(tools.words(text).filter((word) => tools.ids(word).length > 0).length)
      expect(firstLengths[i]).toBe(ids.length)
    })
  })

  it('cut a long text into several, and a pair as fine-tuning cuts it', async () => {
    const tools = await tokenizer()
    const text = sentences.slice(0, 6).join('')
    const single = await encodeSequences([[text], ['']], tools, 16)
    const parts = Array.from({ length: single.offsets.length - 1 }, (_, i) => [...single.tokenIds.subarray(single.offsets[i]! + 1, single.offsets[i + 1]! - 1)])
    expect(parts.flat()).toEqual([...tools.ids(text)])
    expect(parts.every((part) => part.length <= 14 && part.length > 0)).toBe(true)
    const pair = await encodeSequences([[text, sentences[7]!]], tools, 24)
    const wanted = tools.encode(text, sentences[7]!, 24)
    expect([...pair.tokenIds]).toEqual([...wanted.tokenIds])
    expect(pair.firstLengths[0]).toBe(wanted.segmentIds.indexOf(1))
  })
})

describe('masking', () => {
  const words = parseVocab(vocab)
  /** 400 sequences of 30 words, every third of three tokens. */
  const lengths = Array.from({ length: 400 }, () => 52)
  const roles = [0, ...Array.from({ length: 10 }, () => [1, 1, 1, 2, 2]).flat(), 0]
  const random = createRandom('ids')
  const sequences: Sequences = {
    tokenIds: Int32Array.from({ length: 400 * 52 }, () => 5 + random.below(300)), roles: Uint8Array.from(lengths.flatMap(() => roles)),
    offsets: Int32Array.from({ length: 401 }, (_, i) => 52 * i), firstLengths: Int32Array.from(lengths)
  }
  const all = Int32Array.from({ length: 400 }, (_, i) => i)

  it('hides whole words, about 15 % of them, and of their tokens 80 % as [MASK], 10 % as another, 10 % not at all', () => {
    const { places, labels, tokenIds } = createMasking(sequences, words, 0.15)(all, 1)
    const hidden = new Set(places)
    for (const place of places) {
      const role = roles[place % 52]!
      expect(role).not.toBe(ROLE.special)
      if (role === ROLE.continues) expect(hidden.has(place - 1)).toBe(true)
      if (roles[(place % 52) + 1] === ROLE.continues) expect(hidden.has(place + 1)).toBe(true)
    }
    labels.forEach((label, i) => expect(label).toBe(sequences.tokenIds[places[i]!]))
    // 12,000 words and 3,000 hidden tokens: the bounds are four standard deviations of a binomial share
    const share = (count: number, of: number, wanted: number): void => expect(Math.abs(count / of - wanted)).toBeLessThan(4 * Math.sqrt((wanted * (1 - wanted)) / of))
    share([...places].filter((place) => roles[place % 52] === ROLE.starts).length, 400 * 30, 0.15)
    const masked = [...places].filter((place) => tokenIds[place] === words.ids.get('[MASK]')).length
    const kept = [...places].filter((place, i) => tokenIds[place] === labels[i]).length
    share(masked, places.length, 0.8)
    share(kept, places.length, 0.1)
    tokenIds.forEach((id, place) => { if (!hidden.has(place)) expect(id).toBe(sequences.tokenIds[place]) })
  })

  it('is the same for the same seeds, another for others, and hides a word of every sequence', () => {
    const mask = createMasking(sequences, words, 0.001)
    const rows = (places: Int32Array): Set<number> => new Set([...places].map((place) => Math.floor(place / 52)))
    expect(mask(all, 1, 2)).toEqual(mask(all, 1, 2))
    expect(mask(all, 1, 2).places).not.toEqual(mask(all, 1, 3).places)
    expect(rows(mask(all, 1).places).size).toBe(400)
  })

  it('wants a vocabulary with [MASK]', () => {
    expect(() => createMasking(sequences, parseVocab('[PAD]\n[UNK]\n[CLS]\n[SEP]\n'), 0.15)).toThrow('no [MASK]')
  })
})

describe('the loss over hidden words', () => {
  const batch = {
    batch: 2, seq: 5, tokenIds: Int32Array.of(2, 7, 4, 9, 3, 2, 4, 8, 3, 0), segmentIds: Int32Array.of(0, 0, 0, 1, 1, 0, 0, 1, 1, 0),
    places: Int32Array.of(2, 6, 7), labels: Int32Array.of(11, 12, 8), tokenCount: 9
  }

  it('agrees with finite differences in every parameter, the word embeddings counted in both places', () => {
    const model = smallModel(20)
    const random = createRandom('directions')
    const { loss, gradients } = maskedLossAndGradients(model, batch)
    const untouched = [...model.variables.keys()].filter((name) => !gradients.has(name))
    expect(untouched).toEqual(['classifier.kernel', 'classifier.bias'])
    for (const [name, gradient] of gradients) {
      const variable = model.variables.get(name)!
      const start = variable.values()
      const direction = start.map(() => random.normal())
      const moved = (h: number): number => {
        variable.assign(start.map((value, i) => value + h * direction[i]!))
        return evaluateMasked(model, batch)
      }
      // central difference, h = 3e-3: truncation h² and rounding 1e-7 / h both stay near 1e-4 of the direction's size
      const slope = (moved(3e-3) - moved(-3e-3)) / 6e-3
      variable.assign(start)
      const expected = Float32Array.from(gradient.dataSync()).reduce((sum, value, i) => sum + value * direction[i]!, 0)
      expect(Math.abs(slope - expected), name).toBeLessThan(1e-3 + 0.02 * Math.abs(expected))
    }
    tf.dispose([loss, ...gradients.values()])
  })

  it('of a fixed batch falls over 200 steps, and no tensor is left behind', async () => {
    const sequences = await encodeSequences(sentences.map((text) => [text]), await tokenizer(), 32)
    const model = smallModel(parseVocab(vocab).tokens.length)
    const fixed = createMasking(sequences, parseVocab(vocab), 0.15)(Int32Array.from({ length: 24 }, (_, i) => i), 1)
    const trainer = new PretrainTrainer(parsePretrainConfig(json, 'test').train, model)
    const losses: number[] = []
    let tensors = 0
    for (let step = 1; step <= 200; step++) {
      const loss = trainer.step(fixed, 0.005, step)
      losses.push(loss.dataSync()[0]!)
      loss.dispose()
      if (step === 1) tensors = tf.memory().numTensors
    }
    expect(tf.memory().numTensors).toBe(tensors)
    // the first loss is near log(vocabulary); a network of 10,000 weights learns most of 24 sentences by heart
    expect(losses[0]).toBeGreaterThan(5)
    expect(losses[199]).toBeLessThan(0.3 * losses[0]!)
    for (const [early, late] of [[0, 50], [50, 100], [100, 199]] as const) expect(losses[late]).toBeLessThan(losses[early]!)
    trainer.dispose()
  })
})

describe('pretrain', () => {
  it('on text lines writes a checkpoint that --init takes over, and goes on from it', async () => {
    const texts = join(folder, 'texts.txt')
    const lines = demoPairs(0, 'train', 200).map(({ source }) => source)
    writeFileSync(texts, `${lines.join('\n')}\n\n`)
    const out = join(folder, 'lines')
    const config = parsePretrainConfig({ ...json, epochs: 3, learning_rate: 0.005, held_out: 0.2 }, 'test')
    const losses: number[] = []
    const ready: unknown[] = []
    const first: number[] = []
    const result = await pretrain({ texts, out, config }, {
      onEpoch: ({ heldOutLoss }) => losses.push(heldOutLoss), onReady: (facts) => ready.push(facts), onStep: ({ loss }) => first.push(loss)
    })
    expect(ready).toMatchObject([{ sequences: 160, heldOut: 40, steps: result.steps }])
    expect(losses).toHaveLength(3)
    expect(losses[2]).toBeLessThan(losses[0]!)
    const { model } = await readCheckpoint(out)
    const taken = await takeOver(parseTrainConfig({ ...await readPreset('smoke') }, 'smoke'), out, model.config.tasks)
    expect([...taken.variables.keys()]).toEqual(parameterSpecs(model.config).map(({ name }) => name))
    expect(new Set(taken.variables.get('embeddings.norm.gamma_cond')!.values())).toEqual(new Set([0]))
    const second: number[] = []
    await pretrain({ texts, out: join(folder, 'again'), config, init: out }, { onStep: ({ loss }) => second.push(loss) })
    expect(second[0]).toBeLessThan(first[0]!)
    await expect(pretrain({ texts, out, config })).rejects.toMatchObject({ code: 'output-exists' })
  })

  it('on a data folder reads pairs, and stops when asked with a checkpoint written', async () => {
    const data = join(folder, 'data')
    await writeDemoCorpus(data, { train: 16, valid: 4, test: 4 })
    const out = join(folder, 'pairs')
    let steps = 0
    const result = await pretrain({ texts: data, out, config: parsePretrainConfig(json, 'test') }, { stopping: () => ++steps === 2 })
    expect(result.steps).toBe(2)
    expect(readdirSync(out)).toEqual(expect.arrayContaining(['config.json', 'mlm.safetensors', 'model.safetensors', 'parity.json', 'pretrain.json', 'vocab.txt']))
  })

  it('writes nothing for texts that are missing or empty', async () => {
    const config = parsePretrainConfig(json, 'test')
    const out = join(folder, 'nothing')
    const empty = join(folder, 'empty.txt')
    writeFileSync(empty, ' \n')
    for (const texts of [join(folder, 'nowhere'), empty]) await expect(pretrain({ texts, out, config })).rejects.toMatchObject({ code: 'data-invalid' })
    expect(existsSync(out)).toBe(false)
  })
})

describe('the configuration of pretraining', () => {
  it('comes from presets that all parse', async () => {
    expect(pretrainPresetNames()).toEqual(['pretrain-small', 'pretrain-tiny'])
    for (const name of pretrainPresetNames()) expect(parsePretrainConfig(await readPretrainPreset(name), name).maskRate).toBe(0.15)
    await expect(readPretrainPreset('pretrain-tony')).rejects.toMatchObject({ code: 'config-invalid', message: expect.stringContaining('pretrain-tiny') })
  })

  it('refuses keys that pretraining does not have, naming the nearest', () => {
    expect(() => parsePretrainConfig({ ...json, mask_rat: 0.2 }, 'test')).toThrow('did you mean "mask_rate"')
    expect(() => parsePretrainConfig({ ...json, token_match_weight: 1 }, 'test')).toThrow('there is no key "token_match_weight"')
    expect(() => parsePretrainConfig({ ...json, mask_rate: 2 }, 'test')).toThrow('mask_rate')
    expect(() => parsePretrainConfig({ ...json, model: { ...json.model, norm_position: 'pre' } }, 'test')).toThrow('norm_position')
  })
})
