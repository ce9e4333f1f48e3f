import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readBytes, readJson, sha256, sha256File, userPath } from './read'

const folder = mkdtempSync(join(tmpdir(), 'files-read-'))

describe('reading', () => {
  it('names the file that is missing, under the code that was asked for', async () => {
    await expect(readBytes(join(folder, 'none'))).rejects.toMatchObject({
      code: 'asset-missing',
      message: expect.stringContaining('none')
    })
    await expect(readBytes(folder, 'checkpoint-invalid')).rejects.toMatchObject({
      code: 'checkpoint-invalid',
      message: expect.stringContaining('is a folder')
    })
  })

  it('tells the line and column where JSON breaks', async () => {
    const path = join(folder, 'bad.json')
    writeFileSync(path, '{\n  "a": 1,\n  b\n}')
    await expect(readJson(path, 'config-invalid')).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringContaining(`${path}:3:3`)
    })
    writeFileSync(path, '{"a": [1, 2')
    await expect(readJson(path, 'config-invalid')).rejects.toMatchObject({
      message: expect.stringContaining(`${path}:1:12`)
    })
  })

  it('hashes a file as it hashes its bytes', async () => {
    const path = join(folder, 'bytes')
    const bytes = new Uint8Array(3_000_001).fill(7)
    writeFileSync(path, bytes)
    expect(await sha256File(path)).toBe(sha256(bytes))
    expect(sha256(new Uint8Array(0))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
    await expect(sha256File(join(folder, 'none'))).rejects.toMatchObject({ code: 'asset-missing' })
  })

  it('resolves a typed path against the folder it was typed in', () => {
    expect(userPath('data', { INIT_CWD: '/home/me', NX_TASK_TARGET_PROJECT: 'train' })).toBe('/home/me/data')
    expect(userPath('/abs', { INIT_CWD: '/home/me', NX_TASK_TARGET_PROJECT: 'train' })).toBe('/abs')
    expect(userPath('data', {})).toBe(join(process.cwd(), 'data'))
    // `npm run judge` in another package: the installed command's paths are relative to its working directory
    expect(userPath('data', { INIT_CWD: '/home/me' })).toBe(join(process.cwd(), 'data'))
  })
})
