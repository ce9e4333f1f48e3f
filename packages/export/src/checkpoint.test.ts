import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { smallCheckpoint } from '../tools/small-checkpoint'
import { openCheckpoint, readAssets } from './checkpoint'

const root = mkdtempSync(join(tmpdir(), 'export-checkpoint-'))
afterAll(() => rmSync(root, { recursive: true }))
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(root, 'checkpoint-'))
})

describe('a checkpoint', () => {
  it('gives its weights one at a time', async () => {
    const { weights } = smallCheckpoint(folder)
    const checkpoint = await openCheckpoint(folder)
    for (const { name, data } of weights) expect(checkpoint.weights.read(name)).toEqual(data)
    checkpoint.weights.close()
  })

  it('that is cut off is refused as checkpoint-invalid', async () => {
    smallCheckpoint(folder)
    truncateSync(join(folder, 'model.safetensors'), 5000)
    await expect(openCheckpoint(folder)).rejects.toMatchObject({ code: 'checkpoint-invalid' })
  })

  it('with a value that is no number is refused, naming tensor and place', async () => {
    smallCheckpoint(folder, (tensor) =>
      tensor.name === 'layer.0.ffn.in.kernel' ? { ...tensor, data: tensor.data.with(7, NaN) } : tensor
    )
    await expect(openCheckpoint(folder)).rejects.toMatchObject({
      code: 'checkpoint-invalid',
      message: expect.stringMatching(/"layer\.0\.ffn\.in\.kernel" holds NaN at element 7/)
    })
  })

  it('without a tensor, or with one of another shape, is refused', async () => {
    smallCheckpoint(folder, (tensor) => (tensor.name === 'classifier.bias' ? { ...tensor, name: 'other' } : tensor))
    await expect(openCheckpoint(folder)).rejects.toMatchObject({
      code: 'checkpoint-invalid',
      message: expect.stringMatching(/no tensor "classifier\.bias"/)
    })
    smallCheckpoint(folder, (tensor) => (tensor.name === 'classifier.kernel' ? { ...tensor, shape: [2, 16] } : tensor))
    await expect(openCheckpoint(folder)).rejects.toMatchObject({
      code: 'checkpoint-invalid',
      message: expect.stringMatching(/\[2, 16\]; config\.json wants \[16, 2\]/)
    })
  })

  it('that is no folder, or lacks a file, is refused', async () => {
    await expect(openCheckpoint(join(folder, 'nothing'))).rejects.toMatchObject({ code: 'checkpoint-invalid' })
    smallCheckpoint(folder)
    rmSync(join(folder, 'parity.json'))
    await expect(openCheckpoint(folder)).rejects.toMatchObject({
      code: 'checkpoint-invalid',
      message: expect.stringContaining('parity.json')
    })
  })

  it('whose vocabulary has another size than its network is refused', async () => {
    smallCheckpoint(folder)
    writeFileSync(join(folder, 'vocab.txt'), `${readFileSync(join(folder, 'vocab.txt'), 'utf8')}more\n`)
    const checkpoint = await openCheckpoint(folder)
    checkpoint.weights.close()
    await expect(readAssets(checkpoint)).rejects.toMatchObject({
      code: 'checkpoint-invalid',
      message: expect.stringMatching(/has 51 tokens; vocab_size in config\.json is 50/)
    })
  })
})
