import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { acquireLock } from './lock'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-'))
  path = join(folder, 'run.lock')
})

async function deadProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  return child.pid!
}

describe('acquireLock', () => {
  it('holds off every other taker until it is released', async () => {
    const release = await acquireLock(path)
    await expect(acquireLock(path)).rejects.toMatchObject({
      code: 'output-exists',
      message: expect.stringContaining(`in use by process ${process.pid}`)
    })
    await release()
    expect(readdirSync(folder)).toEqual([])
    await (
      await acquireLock(path)
    )()
  })

  it('gives the lock to exactly one of many that ask at once, also where a dead process left one', async () => {
    for (const dead of [undefined, await deadProcess()]) {
      if (dead !== undefined) writeFileSync(path, JSON.stringify({ pid: dead, host: hostname() }))
      const taken = await Promise.allSettled(Array.from({ length: 20 }, () => acquireLock(path)))
      const won = taken.filter((one) => one.status === 'fulfilled')
      expect(won).toHaveLength(1)
      await won[0]!.value()
      expect(existsSync(path)).toBe(false)
    }
    expect(readdirSync(folder)).toEqual([])
  })

  it.runIf(process.platform === 'linux')('is not held off by a process that has the number of a dead one', async () => {
    writeFileSync(path, JSON.stringify({ pid: process.pid, host: hostname(), started: '1' }))
    const release = await acquireLock(path)
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid: process.pid })
    await release()
  })

  it('leaves alone what it cannot judge: another machine, another file', async () => {
    writeFileSync(path, JSON.stringify({ pid: 1, host: 'elsewhere' }))
    await expect(acquireLock(path)).rejects.toThrow(/process 1 on elsewhere.*if that process is dead, delete run.lock/)
    writeFileSync(path, 'mine')
    await expect(acquireLock(path)).rejects.toThrow(/is not a lock of this program/)
    expect(readFileSync(path, 'utf8')).toBe('mine')
  })

  it('names a folder that is not there', async () => {
    await expect(acquireLock(join(folder, 'none', 'run.lock'))).rejects.toMatchObject({ code: 'storage' })
  })
})
