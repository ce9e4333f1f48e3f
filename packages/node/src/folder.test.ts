import { spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync
} from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { beforeEach, describe, expect, it } from 'vitest'
import { recoverFolder, replaceFolder, tidyFolder } from './folder'

let parent: string
let target: string

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'files-folder-'))
  target = join(parent, 'best')
})

const fill =
  (text: string) =>
  async (temporary: string): Promise<void> => {
    mkdirSync(join(temporary, 'deep'))
    await writeFile(join(temporary, 'a'), text)
    await writeFile(join(temporary, 'deep', 'b'), text)
  }

const contents = (folder = target): string[] => [
  readFileSync(join(folder, 'a'), 'utf8'),
  readFileSync(join(folder, 'deep', 'b'), 'utf8')
]

describe('replaceFolder', () => {
  it('makes a folder, with its parents, and replaces it whole', async () => {
    target = join(parent, 'runs', 'best')
    await replaceFolder(target, fill('1'))
    await replaceFolder(target, fill('2'))
    expect(contents()).toEqual(['2', '2'])
    expect(readdirSync(join(parent, 'runs'))).toEqual(['best'])
  })

  it('keeps the old folder and passes the error on when the build fails', async () => {
    await replaceFolder(target, fill('1'))
    await expect(
      replaceFolder(target, async (temporary) => {
        await writeFile(join(temporary, 'a'), 'half')
        throw new Error('no more')
      })
    ).rejects.toThrow('no more')
    expect(contents()).toEqual(['1', '1'])
    expect(readdirSync(parent)).toEqual(['best'])
  })

  it('tells of a parent that cannot be written', async () => {
    // Nobody, not even root, makes folders in Linux's /sys; elsewhere a folder without the write bit stands in.
    const unwritable = existsSync('/sys/kernel') ? '/sys/kernel' : parent
    if (unwritable === parent) chmodSync(parent, 0o555)
    await expect(replaceFolder(join(unwritable, 'best'), fill('1'))).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringMatching(/Could not write .*best \((EPERM|EACCES|EROFS)\)/)
    })
    chmodSync(parent, 0o755)
  })

  it('tells of a parent that is a file, and of a full disk', async () => {
    writeFileSync(join(parent, 'file'), '')
    await expect(replaceFolder(join(parent, 'file', 'x'), fill('1'))).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringContaining(join(parent, 'file', 'x'))
    })
    if (!existsSync('/dev/full')) return
    await replaceFolder(target, fill('1'))
    await expect(replaceFolder(target, () => writeFile('/dev/full', 'x'))).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringContaining('disk is full')
    })
    expect(contents()).toEqual(['1', '1'])
  })
})

describe('recoverFolder', () => {
  it('puts the previous folder back where a writer died between its two renames', async () => {
    await replaceFolder(target, fill('1'))
    renameSync(target, join(parent, '.best.previous.tmp'))
    await recoverFolder(target)
    expect(contents()).toEqual(['1', '1'])
    await recoverFolder(target)
    expect(readdirSync(parent)).toEqual(['best'])
  })

  it('leaves nothing of killed writers beside a folder that is tidied', async () => {
    await replaceFolder(target, fill('1'))
    mkdirSync(join(parent, '.best.previous.tmp'))
    mkdirSync(join(parent, '.best.new-0a1b2c3d.tmp'))
    await tidyFolder(target)
    expect(readdirSync(parent)).toEqual(['best'])
    renameSync(target, join(parent, '.best.previous.tmp'))
    await tidyFolder(target)
    expect(contents()).toEqual(['1', '1'])
    expect(readdirSync(parent)).toEqual(['best'])
  })

  it('lets a writer finish whose old folder a reader put back', async () => {
    const folder = target
    await replaceFolder(folder, fill('1'))
    const stop = new AbortController()
    const reader = (async () => {
      while (!stop.signal.aborted) {
        await recoverFolder(folder)
        await new Promise((resolve) => setImmediate(resolve))
      }
    })()
    try {
      for (let i = 0; i < 20; i++) await replaceFolder(folder, fill(String(i)))
    } finally {
      stop.abort()
      await reader
    }
    expect(contents()).toEqual(['19', '19'])
  })

  it('finds a whole folder after kill -9 at any moment', async () => {
    const script = join(parent, 'writer.mjs')
    await build({
      stdin: {
        contents: `import { replaceFolder } from './folder'
          import { mkdirSync, writeFileSync } from 'node:fs'
          for (let i = 0; ; i++) {
            await replaceFolder(process.argv[2], async (temporary) => {
              mkdirSync(temporary + '/deep')
              writeFileSync(temporary + '/a', String(i))
              writeFileSync(temporary + '/deep/b', String(i))
            })
            if (i === 0) process.stdout.write('ready')
          }`,
        resolveDir: fileURLToPath(new URL('.', import.meta.url))
      },
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: script,
      logLevel: 'silent'
    })
    for (let round = 0; round < 12; round++) {
      const child = spawn(process.execPath, [script, target])
      await new Promise((resolve) => child.stdout.once('data', resolve))
      await new Promise((resolve) => setTimeout(resolve, round * 3))
      child.kill('SIGKILL')
      await new Promise((resolve) => child.once('exit', resolve))
      await recoverFolder(target)
      const [a, b] = contents()
      expect(a).toBe(b)
    }
    await replaceFolder(target, fill('last'))
    expect(readdirSync(parent).sort()).toEqual(['best', 'writer.mjs'])
  }, 300_000)
})
