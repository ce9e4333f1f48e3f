import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readManifest } from './manifest'

const newFolder = (): string => mkdtempSync(join(tmpdir(), 'files-manifest-'))

describe('the manifest of a model folder', () => {
  it('is read, also from a folder that a killed writer had moved away', async () => {
    const folder = newFolder()
    writeFileSync(join(folder, 'manifest.json'), '{"format": 1}')
    expect(await readManifest(folder)).toEqual({ format: 1 })
    renameSync(folder, join(dirname(folder), `.${basename(folder)}.previous.tmp`))
    expect(await readManifest(folder)).toEqual({ format: 1 })
  })

  it('is what a checkpoint or a run lacks: the message says to export it', async () => {
    const run = newFolder()
    const checkpoint = join(run, 'best')
    mkdirSync(checkpoint)
    writeFileSync(join(run, 'train.json'), '{}')
    writeFileSync(join(checkpoint, 'model.safetensors'), '')
    for (const folder of [run, checkpoint]) {
      await expect(readManifest(folder)).rejects.toMatchObject({
        code: 'asset-missing',
        message: expect.stringContaining(
          `export it first: npx sohu-train export --checkpoint ${checkpoint} --data DIR --out`
        )
      })
    }
  })

  it('is refused unread where it is a pipe or beyond all sizes', async () => {
    const [piped, large] = [newFolder(), newFolder()]
    execFileSync('mkfifo', [join(piped, 'manifest.json')])
    writeFileSync(join(large, 'manifest.json'), '{}')
    truncateSync(join(large, 'manifest.json'), 2 ** 24 + 1)
    await expect(readManifest(piped)).rejects.toMatchObject({
      code: 'asset-missing',
      message: expect.stringContaining('is not a file')
    })
    await expect(readManifest(large)).rejects.toMatchObject({
      code: 'manifest-invalid',
      message: expect.stringContaining('more than 16777216 bytes')
    })
    await expect(readManifest(newFolder())).rejects.toMatchObject({ code: 'asset-missing' })
  })
})
