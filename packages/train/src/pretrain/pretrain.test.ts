import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parameterSpecs } from '@sohu-match/core'
import { describe, expect, it } from 'vitest'
import { readCheckpoint } from '../checkpoint/checkpoint'
import { parseTrainSettings, presets } from '../config'
import { demoPairs, writeDemoCorpus } from '../data/demo-corpus'
import { fitToMachine } from '../run/machine'
import { takeOver } from '../pretrained/take-over'
import { parsePretrainSettings, pretrainPresets } from './config'
import { pretrain } from './pretrain'
import { json } from './small.fixtures'

const folder = mkdtempSync(join(tmpdir(), 'pretrain-'))

describe('pretrain', () => {
  it('on text lines writes a checkpoint that --init loads, and continues from it', async () => {
    const texts = join(folder, 'texts.txt')
    const lines = demoPairs(0, 'train', 200).map(({ source }) => source)
    writeFileSync(texts, `${lines.join('\n')}\n\n`)
    const out = join(folder, 'lines')
    const config = parsePretrainSettings({ ...json, epochs: 3, learning_rate: 0.005, held_out: 0.2 }, 'test')
    const losses: number[] = []
    const ready: unknown[] = []
    const first: number[] = []
    const result = await pretrain(
      { texts, out, config },
      {
        onEpoch: ({ heldOutLoss }) => losses.push(heldOutLoss),
        onReady: (facts) => ready.push(facts),
        onStep: ({ loss }) => first.push(loss)
      }
    )
    expect(ready).toMatchObject([{ sequences: 160, heldOut: 40, steps: result.steps }])
    expect(losses).toHaveLength(3)
    expect(losses[2]).toBeLessThan(losses[0]!)
    const { model } = await readCheckpoint(out)
    const taken = await takeOver(
      parseTrainSettings({ ...(await presets.read('smoke')) }, 'smoke'),
      out,
      model.config.tasks
    )
    expect([...taken.variables.keys()]).toEqual(parameterSpecs(model.config).map(({ name }) => name))
    expect(new Set(taken.variables.get('embeddings.norm.gamma_cond')!.values())).toEqual(new Set([0]))
    const second: number[] = []
    await pretrain(
      { texts, out: join(folder, 'again'), config, init: out },
      { onStep: ({ loss }) => second.push(loss) }
    )
    expect(second[0]).toBeLessThan(first[0]!)
    await expect(pretrain({ texts, out, config })).rejects.toMatchObject({ code: 'output-exists' })
  })

  it('refuses a second pretraining into one folder while the first lives, with --force too', async () => {
    const texts = join(folder, 'few.txt')
    writeFileSync(
      texts,
      demoPairs(0, 'train', 20)
        .map(({ source }) => source)
        .join('\n')
    )
    const run = {
      texts,
      out: join(folder, 'locked', 'shared'),
      config: parsePretrainSettings(json, 'test'),
      force: true
    }
    let second: Promise<unknown> | undefined
    await pretrain(run, { onReady: () => void (second = pretrain(run).catch((error: unknown) => error)) })
    expect(await second).toMatchObject({
      code: 'output-exists',
      message: expect.stringContaining(`${run.out} is in use by process ${process.pid}`) as string
    })
    expect(readdirSync(join(folder, 'locked'))).toEqual(['shared'])
  })

  it('on a data folder reads pairs, and stops when asked with a checkpoint written', async () => {
    const data = join(folder, 'data')
    await writeDemoCorpus(data, { train: 16, valid: 4, test: 4 })
    const out = join(folder, 'pairs')
    let steps = 0
    const result = await pretrain(
      { texts: data, out, config: parsePretrainSettings(json, 'test') },
      { stopping: () => ++steps === 2 }
    )
    expect(result.steps).toBe(2)
    expect(readdirSync(out)).toEqual(
      expect.arrayContaining([
        'config.json',
        'mlm.safetensors',
        'model.safetensors',
        'parity.json',
        'pretrain.json',
        'vocab.txt'
      ])
    )
  })

  it('runs with the precision and kernels of its configuration, and records them', async () => {
    const texts = join(folder, 'some.txt')
    const lines = demoPairs(0, 'train', 32).map(({ source }) => source)
    writeFileSync(texts, lines.join('\n'))
    const losses = async (name: string, more: object): Promise<[number[], object]> => {
      const seen: number[] = []
      const out = join(folder, name)
      const config = parsePretrainSettings({ ...json, held_out: 0.2, ...more }, 'test')
      const hooks = { onStep: ({ loss }: { loss: number }) => void seen.push(loss) }
      const { heldOutLoss } = await pretrain({ texts, out, config }, hooks)
      const written = JSON.parse(readFileSync(join(out, 'pretrain.json'), 'utf8')) as { config: object }
      return [[...seen, heldOutLoss], written.config]
    }
    const [plain] = await losses('in float32', {})
    const [fast, config] = await losses('fast', { precision: 'bfloat16', kernels: 'auto' })
    const { settings } = fitToMachine(
      parsePretrainSettings({ ...json, precision: 'bfloat16', kernels: 'auto' }, '').settings
    )
    expect(config).toMatchObject({ precision: settings.precision, kernels: settings.kernels })
    if (settings.precision === 'bfloat16' || settings.kernels === 'auto') expect(fast).not.toEqual(plain)
    fast.forEach((loss, i) => expect(loss).toBeCloseTo(plain[i]!, 1))
  })

  it('writes nothing for texts that are missing or empty', async () => {
    const config = parsePretrainSettings(json, 'test')
    const out = join(folder, 'nothing')
    const empty = join(folder, 'empty.txt')
    writeFileSync(empty, ' \n')
    for (const texts of [join(folder, 'nowhere'), empty])
      await expect(pretrain({ texts, out, config })).rejects.toMatchObject({ code: 'data-invalid' })
    expect(existsSync(out)).toBe(false)
  })
})

describe('the configuration of pretraining', () => {
  it('comes from presets that all parse', async () => {
    expect(pretrainPresets.names()).toEqual(['pretrain-small', 'pretrain-tiny'])
    for (const name of pretrainPresets.names())
      expect(parsePretrainSettings(await pretrainPresets.read(name), name).maskRate).toBe(0.15)
    await expect(pretrainPresets.read('pretrain-tony')).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringContaining('pretrain-tiny')
    })
  })

  it('refuses keys that pretraining does not have, naming the nearest', () => {
    expect(() => parsePretrainSettings({ ...json, mask_rat: 0.2 }, 'test')).toThrow('did you mean "mask_rate"')
    expect(() => parsePretrainSettings({ ...json, token_match_weight: 1 }, 'test')).toThrow(
      'there is no key "token_match_weight"'
    )
    expect(() => parsePretrainSettings({ ...json, mask_rate: 2 }, 'test')).toThrow('mask_rate')
    expect(() => parsePretrainSettings({ ...json, batch_tokens: 'auto' }, 'test')).toThrow('batch_tokens')
    expect(() => parsePretrainSettings({ ...json, model: { ...json.model, norm_position: 'pre' } }, 'test')).toThrow(
      'norm_position'
    )
  })
})
