import { describe, expect, it } from 'vitest'
import { parseModelConfig } from '@sohu-match/core'
import { parsePretrainSettings } from './pretrain/config'
import { applyOverrides, parseTrainSettings, presets, settingsName, trainSettingsToJson } from './config'

describe('a training configuration', () => {
  it.each(presets.names())(
    'reads preset %s, whose network is valid, and its JSON reads back the same',
    async (name) => {
      const config = parseTrainSettings(await presets.read(name), name)
      expect(parseModelConfig(config.model).tasks).toHaveLength(6)
      expect(parseTrainSettings(trainSettingsToJson(config), 'again')).toEqual(config)
    }
  )

  it('has the reference recipe in sohu-base', async () => {
    const { model, ...config } = parseTrainSettings(await presets.read('sohu-base'), 'sohu-base')
    // Su 2021: 12 layers of 768, 512 tokens, 16 pairs, 2e-5 constant, 5 epochs, EMA 0.9999, Keras 2.3.1's Adam, nothing from scratch
    expect(model).toMatchObject({
      num_hidden_layers: 12,
      hidden_size: 768,
      intermediate_size: 3072,
      vocab_size: 50000,
      max_length: 512
    })
    expect(config).toMatchObject({
      epochs: 5,
      batching: 'reference',
      batchPairs: 16,
      learningRate: 2e-5,
      warmup: 0,
      decay: 'none',
      emaMomentum: 0.9999,
      adam: 'keras',
      epsilon: 1e-7,
      weightDecay: 0,
      clipNorm: 0,
      initialization: 'reference',
      embeddingStart: 'reference',
      tokenMatchWeight: 0,
      lexicalWeight: 0,
      fgmEpsilon: 0,
      taskWeights: {},
      patience: 0,
      onlyTasks: []
    })
  })

  it('accepts overrides as JSON or text, nested by dots', () => {
    const changed = applyOverrides({ model: { hidden_size: 8 }, epochs: 1 }, [
      'model.hidden_size=16',
      'decay=linear',
      'epochs=3'
    ])
    expect(changed).toEqual({ model: { hidden_size: 16 }, epochs: 3, decay: 'linear' })
  })

  it('blames overrides, not the preset alone, for what they set', async () => {
    const set = ['learning_rate=-1']
    const json = applyOverrides(await presets.read('smoke'), set)
    expect(() => parseTrainSettings(json, settingsName('smoke', set))).toThrow(
      /^preset smoke with --set learning_rate=-1: "learning_rate"/
    )
    expect(settingsName('smoke', [])).toBe('preset smoke')
  })

  it('names the nearest key or preset for one that does not exist', async () => {
    expect(() => parseTrainSettings({ learning_rat: 1 }, 'x')).toThrow(/"learning_rat"; did you mean "learning_rate"/)
    await expect(presets.read('sohu-tny')).rejects.toThrow(/did you mean "sohu-tiny"/)
  })

  it.each([
    ['model.norm_positon=pre', 'model.norm_position'],
    ['model.hiden_size=9', 'model.hidden_size']
  ])('refuses %s, a key that the network does not have, naming the nearest', async (override, nearest) => {
    const json = applyOverrides(await presets.read('smoke'), [override])
    const message = `did you mean "${nearest}"`
    expect(() => parseTrainSettings(json, 'x')).toThrow(message)
    const shared = ['model', 'epochs', 'learning_rate'].map((key) => [key, json[key]])
    expect(() => parsePretrainSettings(Object.fromEntries(shared) as Record<string, unknown>, 'x')).toThrow(message)
  })

  it('accepts overrides whatever a task is called, and changes no other object', () => {
    const json = applyOverrides({ model: {}, epochs: 1, learning_rate: 1 }, [
      'task_weights.constructor=2',
      'task_weights.__proto__=3'
    ])
    expect(Object.entries(parseTrainSettings(json, 'x').taskWeights)).toEqual([
      ['constructor', 2],
      ['__proto__', 3]
    ])
    applyOverrides({}, ['__proto__.polluted=1'])
    expect('polluted' in {}).toBe(false)
  })

  it.each([
    [{ epochs: 0 }, /"epochs"/],
    [{ learning_rate: -1 }, /"learning_rate"/],
    [{ batching: 'random' }, /"batching"/],
    [{ ema_momentum: 2 }, /"ema_momentum"/]
  ])('refuses %o naming the key', (bad, message) => {
    expect(() => parseTrainSettings({ model: {}, epochs: 1, learning_rate: 1e-3, ...bad }, 'x')).toThrow(message)
  })

  it('reads train.json of a run with keys that are fixed now, unless they have another value', () => {
    const settings = { model: {}, epochs: 1, learning_rate: 1e-3 }
    const older = { ...settings, bucket_pool: 1024, final_share: 0, gradient_penalty: 0 }
    expect(parseTrainSettings(older, 'x')).toEqual(parseTrainSettings(settings, 'x'))
    expect(() => parseTrainSettings({ ...settings, final_share: 0.5 }, 'x')).toThrow(
      'x: "final_share" is 0.5, but it is fixed at 0'
    )
  })

  it('refuses an override that is not key=value', () => {
    expect(() => applyOverrides({}, ['epochs'])).toThrow(/key=value/)
  })
})
