import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { openScoreFile } from './score-file'

const NEW = { resume: false, skip: undefined }
const RESUMED = { resume: true, skip: undefined }

describe('openScoreFile', () => {
  let path: string
  beforeEach(() => {
    path = join(mkdtempSync(join(tmpdir(), 'score-')), 'out.jsonl')
  })

  it('resumes after the last whole line', async () => {
    const first = await openScoreFile(path, RESUMED)
    expect(first).toMatchObject({ skip: 0, answered: { answers: 0 } })
    await first.write('{"id":0}\n{"id":1234567890123456789}\n')
    await first.close()
    appendFileSync(path, '{"id":2,"sco')
    const second = await openScoreFile(path, RESUMED)
    expect(second.answered).toEqual({ answers: 2, lastId: '1234567890123456789' })
    await second.write('{"id":2}\n')
    await second.close()
    expect(readFileSync(path, 'utf8')).toBe('{"id":0}\n{"id":1234567890123456789}\n{"id":2}\n')
  })

  it('refuses a second process while the first writes, and is resumed after it', async () => {
    const first = await openScoreFile(path, NEW)
    await first.write('{"id":0}\n')
    await expect(openScoreFile(path, RESUMED)).rejects.toMatchObject({
      code: 'output-exists',
      message: expect.stringContaining(`${path} is in use by process ${process.pid}`)
    })
    await first.write('{"id":1}\n')
    await first.close()
    const second = await openScoreFile(path, RESUMED)
    expect(second.answered).toMatchObject({ answers: 2 })
    await second.close()
    expect(existsSync(`${path}.lock`)).toBe(false)
  })

  it('remembers --skip for the run that resumes it, also before the first answer', async () => {
    await (await openScoreFile(path, { resume: false, skip: 3_000 })).close()
    for (const skip of [undefined, 3_000]) {
      const file = await openScoreFile(path, { resume: true, skip })
      expect(file.skip).toBe(3_000)
      await file.close()
    }
    await expect(openScoreFile(path, { resume: true, skip: 2 })).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringContaining('begun with --skip 3000, not 2')
    })
    rmSync(path)
    const again = await openScoreFile(path, RESUMED)
    expect(again.skip).toBe(3_000)
    await again.close()
  })

  it('requires --skip for answers without a record', async () => {
    writeFileSync(path, '{"id":0}\n')
    await expect(openScoreFile(path, RESUMED)).rejects.toMatchObject({
      code: 'output-exists',
      message: expect.stringContaining('--skip 0')
    })
    expect(readFileSync(path, 'utf8')).toBe('{"id":0}\n')
    const file = await openScoreFile(path, { resume: true, skip: 0 })
    expect(file).toMatchObject({ skip: 0, answered: { answers: 1, lastId: '0' } })
    await file.close()
  })

  it('refuses to mix answers of different settings in one file', async () => {
    const first = await openScoreFile(path, NEW)
    await first.bind({ model: 'one', task: null })
    await first.close()
    const second = await openScoreFile(path, RESUMED)
    await second.bind({ model: 'one', task: null })
    await expect(second.bind({ model: 'two', task: null })).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringContaining('was begun with model one, and this run has two')
    })
    await second.close()
  })

  it('does not overwrite a file or its record, and names a path that it cannot write', async () => {
    writeFileSync(path, 'mine')
    writeFileSync(`${path}.run.json`, '{"skip":7}')
    await expect(openScoreFile(path, NEW)).rejects.toMatchObject({ code: 'output-exists' })
    expect(readFileSync(`${path}.run.json`, 'utf8')).toBe('{"skip":7}')
    await expect(openScoreFile(join(path, '..', 'none', 'x'), NEW)).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringContaining('ENOENT')
    })
    writeFileSync(`${path}.run.json`, '{"skip":-7}')
    await expect(openScoreFile(path, RESUMED)).rejects.toMatchObject({ code: 'data-invalid' })
  })

  it.runIf(existsSync('/dev/full'))('keeps no record of a device, and reports that it is full', async () => {
    const full = await openScoreFile('/dev/full', RESUMED)
    await full.bind({ model: 'one' })
    await expect(full.write('x')).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringContaining('disk is full')
    })
    expect(existsSync('/dev/full.run.json')).toBe(false)
  })
})
