import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseParity } from '@sohu-match/core'
import { describe, expect, it } from 'vitest'
import { predict } from '../autograd/pass'
import { readCheckpoint } from '../checkpoint/checkpoint'
import { parseTrainSettings, presets } from '../config'
import { largestDifference } from '../checkpoint/parity.fixtures'
import { importWeights } from './import'
import { withPublicWeights } from './load'
import { publicFolder, temporaryFolder } from './public-weights.fixtures'
import { takeOver } from './take-over'

describe('import', () => {
  it('writes a checkpoint with the same bits, whose recorded logits are those of its weights', async () => {
    const from = publicFolder('tensorflow')
    const out = join(temporaryFolder(), 'checkpoint')
    const { loaded, initialized } = await importWeights({ from, out, seed: 3, model: { max_length: 40 } })
    expect([loaded.length, initialized.length]).toEqual([36, 13])
    const { model } = await readCheckpoint(out)
    await withPublicWeights(from, { seed: 3 }, async ({ parameters }) => {
      expect(parameters.map(({ name }) => name)).toEqual([...model.variables.keys()])
      for (const { name, read } of parameters) expect(model.variables.get(name)!.values(), name).toEqual(await read())
    })
    const batches = parseParity(JSON.parse(readFileSync(join(out, 'parity.json'), 'utf8')))
    expect(batches.map(({ tokenIds }) => [tokenIds.length, tokenIds[0]!.length <= 40])).toEqual([
      [6, true],
      [1, true]
    ])
    expect(batches[1]!.tokenIds[0]).toHaveLength(40)
    for (const { tokenIds, segmentIds, taskIds, outputs: logits } of batches) {
      const input = {
        tokenIds: Int32Array.from(tokenIds.flat()),
        segmentIds: Int32Array.from(segmentIds.flat()),
        taskIds: Int32Array.from(taskIds)
      }
      const found = predict(model, { ...input, batch: taskIds.length, seq: tokenIds[0]!.length })
      expect(largestDifference(found.dataSync(), logits.flat())).toBe(0)
      found.dispose()
    }
  })

  it('replaces nothing unasked, takes no checkpoint of ours, and leaves nothing behind when the weights are damaged', async () => {
    const folder = temporaryFolder()
    const out = join(folder, 'checkpoint')
    mkdirSync(out)
    await expect(importWeights({ from: publicFolder('pytorch'), out, seed: 1 })).rejects.toMatchObject({
      code: 'output-exists'
    })
    await importWeights({ from: publicFolder('pytorch'), out, seed: 1, force: true })
    await expect(importWeights({ from: out, out: join(folder, 'again'), seed: 1 })).rejects.toMatchObject({
      code: 'checkpoint-invalid'
    })
    const damaged = publicFolder('tensorflow')
    const data = join(damaged, 'bert_model.ckpt.data-00000-of-00001')
    writeFileSync(data, readFileSync(data).fill(1, 40_000, 40_100))
    await expect(importWeights({ from: damaged, out: join(folder, 'other'), seed: 1 })).rejects.toMatchObject({
      code: 'checkpoint-invalid'
    })
    expect(readdirSync(folder)).toEqual(['checkpoint'])
  })

  it('gives --init what the public weights themselves give it', async () => {
    const train = parseTrainSettings(await presets.read('sohu-base'), 'preset')
    const from = publicFolder('safetensors')
    const out = join(temporaryFolder(), 'checkpoint')
    await importWeights({ from, out, seed: train.seed, model: train.model })
    const [direct, imported] = await Promise.all(
      [from, out].map(async (init) => {
        const { config, variables, assets } = await takeOver(
          train,
          init,
          (await readCheckpoint(out)).model.config.tasks
        )
        return {
          config,
          vocab: assets.vocab,
          values: new Map([...variables].map(([name, variable]) => [name, variable.values()]))
        }
      })
    )
    expect(imported).toEqual(direct)
    expect(direct!.config).toMatchObject({ maxLength: 512, hiddenDropoutProb: 0.1, conditionSize: 128 })
  })
})
