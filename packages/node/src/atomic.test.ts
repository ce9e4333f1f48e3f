import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import type * as fsPromises from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { removeTemporaries, writeFileAtomic } from './atomic'

const disk = vi.hoisted(() => ({ full: false }))

vi.mock('node:fs/promises', async (load) => {
  const real = await load<typeof fsPromises>()
  return {
    ...real,
    open: (path: string, flags: string) =>
      disk.full && flags === 'wx' ? real.open('/dev/full', 'w') : real.open(path, flags)
  }
})

const folder = mkdtempSync(join(tmpdir(), 'files-atomic-'))
const path = join(folder, 'x.json')

afterEach(() => {
  disk.full = false
})

describe('writeFileAtomic', () => {
  it('writes and replaces, and leaves nothing else behind', async () => {
    await writeFileAtomic(path, 'one')
    await writeFileAtomic(path, new TextEncoder().encode('two'))
    expect(readFileSync(path, 'utf8')).toBe('two')
    expect(readdirSync(folder)).toEqual(['x.json'])
  })

  it.skipIf(!existsSync('/dev/full'))('keeps the old file when the disk is full, and says so', async () => {
    await writeFileAtomic(path, 'old')
    disk.full = true
    await expect(writeFileAtomic(path, 'new')).rejects.toMatchObject({
      code: 'storage',
      message: `Could not write ${path} (ENOSPC). The disk is full: free some space and try again.`,
      cause: { code: 'ENOSPC' }
    })
    expect(readFileSync(path, 'utf8')).toBe('old')
    expect(readdirSync(folder)).toEqual(['x.json'])
  })

  it('names the path where the folder is missing or is a file', async () => {
    writeFileSync(join(folder, 'file'), '')
    await expect(writeFileAtomic(join(folder, 'none', 'x'), '')).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringContaining('ENOENT')
    })
    await expect(writeFileAtomic(join(folder, 'file', 'x'), '')).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringContaining('ENOTDIR')
    })
  })
})

describe('removeTemporaries', () => {
  it('removes what a killed writer left, and nothing else', async () => {
    const run = mkdtempSync(join(tmpdir(), 'files-temporaries-'))
    for (const name of [
      'train.json',
      'train.json.0a1b2c3d-1111-4222-8333-0123456789ab.tmp',
      'notes.tmp',
      'notes.20240101.tmp',
      'x.json.0a1b2c3d-1111-4222-8333-0123456789ab.tmp.json'
    ])
      writeFileSync(join(run, name), '')
    await removeTemporaries(run)
    expect(readdirSync(run).sort()).toEqual([
      'notes.20240101.tmp',
      'notes.tmp',
      'train.json',
      'x.json.0a1b2c3d-1111-4222-8333-0123456789ab.tmp.json'
    ])
  })
})
