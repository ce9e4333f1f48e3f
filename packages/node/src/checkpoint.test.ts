import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeSafetensors } from '@sohu-match/core'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { smallCheckpoint } from '@sohu-match/testing'
import { openCheckpoint } from './checkpoint'

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

  it('with a value that is not a number is refused, naming tensor and place', async () => {
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

  it('that is a model folder is refused, saying what is wanted instead', async () => {
    smallCheckpoint(folder)
    writeFileSync(join(folder, 'manifest.json'), '{}')
    await expect(openCheckpoint(folder)).rejects.toMatchObject({
      code: 'checkpoint-invalid',
      message: expect.stringContaining('is an exported model, not a checkpoint')
    })
  })

  it('whose weights are a pipe is refused without waiting for it', async () => {
    smallCheckpoint(folder)
    rmSync(join(folder, 'model.safetensors'))
    execFileSync('mkfifo', [join(folder, 'model.safetensors')])
    await expect(openCheckpoint(folder)).rejects.toMatchObject({ code: 'checkpoint-invalid' })
  })

  it('with a tensor that its network does not have is refused', async () => {
    const { weights } = smallCheckpoint(folder)
    const extra = { name: 'classifier.extra', shape: [1], data: new Float32Array(1) }
    writeFileSync(join(folder, 'model.safetensors'), encodeSafetensors([...weights, extra]))
    await expect(openCheckpoint(folder)).rejects.toMatchObject({
      code: 'checkpoint-invalid',
      message: expect.stringContaining('"classifier.extra" is not part of this network')
    })
  })

  it('whose dictionary is damaged is refused', async () => {
    smallCheckpoint(folder)
    truncateSync(join(folder, 'dictionary.bin'), 1000)
    await expect(openCheckpoint(folder)).rejects.toMatchObject({ code: 'asset-corrupt' })
  })

  it('that is not a folder, or lacks a file, is refused', async () => {
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
    await expect(openCheckpoint(folder)).rejects.toMatchObject({
      code: 'checkpoint-invalid',
      message: expect.stringMatching(/has 51 tokens; vocab_size in config\.json is 50/)
    })
  })
})
