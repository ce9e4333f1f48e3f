import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it, vi } from 'vitest'
import { consistentCheckpoint } from '../tools/consistent-checkpoint'
import { exportModel } from './export-model'

const disk = vi.hoisted(() => ({ free: Infinity }))
vi.mock('node:fs', async (load) => {
  const fs = await load<typeof import('node:fs')>()
  return {
    ...fs,
    writeSync: (file: number, piece: Uint8Array, offset: number) => {
      if (disk.free <= 0)
        throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' })
      const count = fs.writeSync(file, piece, offset, Math.min(piece.length - offset, disk.free))
      disk.free -= count
      return count
    }
  }
})

const root = mkdtempSync(join(tmpdir(), 'export-disk-'))
afterAll(() => rmSync(root, { recursive: true }))

it('tells of a full disk and leaves nothing half-written', async () => {
  const checkpoint = await consistentCheckpoint(join(root, 'checkpoint'))
  const options = {
    checkpoint,
    out: join(root, 'model'),
    dtypes: ['fp32', 'int8'] as const,
    name: 'small',
    force: false,
    latency: false
  }
  for (const free of [10, 30_000, 400_000]) {
    disk.free = free
    await expect(exportModel(options)).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringContaining('disk is full')
    })
    expect(readdirSync(root)).toEqual(['checkpoint'])
  }
  disk.free = Infinity
  await exportModel(options)
  expect(readdirSync(root).sort()).toEqual(['checkpoint', 'model'])
})
