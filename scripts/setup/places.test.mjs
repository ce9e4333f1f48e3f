import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import {
  cacheFolder,
  dropNote,
  linkTree,
  makeFolder,
  readNote,
  writeNote
} from '../../packages/trainer/setup/places.mjs'
import { SetupError } from '../../packages/trainer/setup/say.mjs'

let folder
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'setup-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('places', () => {
  it('keeps a note and forgets it', () => {
    writeNote('a', { version: 1 }, folder)
    assert.deepEqual(readNote('a', folder), { version: 1 })
    dropNote('a', folder)
    assert.equal(readNote('a', folder), undefined)
  })

  it('ignores a note that was cut short', () => {
    writeFileSync(path.join(folder, 'a.json'), '{"version":')
    assert.equal(readNote('a', folder), undefined)
  })

  it('shows a folder only when it has been filled', async () => {
    const target = path.join(folder, 'deps')
    await makeFolder(target, (temporary) => {
      assert.equal(existsSync(target), false)
      writeFileSync(path.join(temporary, 'x'), '1')
    })
    assert.deepEqual(readdirSync(target), ['x'])
    assert.deepEqual(readdirSync(folder), ['deps'])
  })

  it('leaves the previous folder whole and nothing else when filling fails', async () => {
    const target = path.join(folder, 'deps')
    await makeFolder(target, (temporary) => writeFileSync(path.join(temporary, 'x'), 'old'))
    await assert.rejects(
      makeFolder(target, (temporary) => {
        writeFileSync(path.join(temporary, 'x'), 'new')
        throw new Error('no space')
      }),
      /no space/
    )
    assert.equal(readFileSync(path.join(target, 'x'), 'utf8'), 'old')
    assert.deepEqual(readdirSync(folder), ['deps'])
  })

  it('removes leftovers of a killed set-up, but not of one that is still running', async () => {
    mkdirSync(path.join(folder, 'deps.tmp-999999999')) // above the largest process id of Linux
    mkdirSync(path.join(folder, `deps.tmp-${process.ppid}`))
    await makeFolder(path.join(folder, 'deps'), () => {})
    assert.deepEqual(readdirSync(folder).sort(), ['deps', `deps.tmp-${process.ppid}`])
  })

  it('says which folder cannot be written', async () => {
    writeFileSync(path.join(folder, 'file'), '')
    await assert.rejects(
      makeFolder(path.join(folder, 'file', 'deps'), () => {}),
      (error) => error instanceof SetupError && error.message.includes('SOHU_MATCH_CACHE')
    )
  })

  it('repeats a tree without copying its bytes', () => {
    mkdirSync(path.join(folder, 'from', 'lib'), { recursive: true })
    writeFileSync(path.join(folder, 'from', 'lib', 'x.so'), 'bytes')
    linkTree(path.join(folder, 'from'), path.join(folder, 'to'))
    assert.equal(
      statSync(path.join(folder, 'to', 'lib', 'x.so')).ino,
      statSync(path.join(folder, 'from', 'lib', 'x.so')).ino
    )
  })

  it("finds the cache folder by its own setting, then by the system's", () => {
    assert.equal(cacheFolder({ SOHU_MATCH_CACHE: '/a', XDG_CACHE_HOME: '/b' }), '/a')
    assert.equal(cacheFolder({ XDG_CACHE_HOME: '/b' }), path.join('/b', 'sohu-match'))
    assert.equal(cacheFolder({}), path.join(os.homedir(), '.cache', 'sohu-match'))
  })
})
