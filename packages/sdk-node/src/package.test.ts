import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { writeTinyModel } from './tiny-model.fixtures'

/** SwiftShader's Vulkan driver, as Debian's chromium brings it: a GPU in software. */
const SOFTWARE_GPU = '/usr/lib/chromium/vk_swiftshader_icd.json'

/** Both at once, as Nx under NO_COLOR sets them, would make Node warn on stderr, and color numbers. */
const { NO_COLOR: _plain, FORCE_COLOR: _colored, ...environment } = process.env

const run = promisify(execFile)
const packageFolder = fileURLToPath(new URL('..', import.meta.url))
const examples = readdirSync(new URL('../examples', import.meta.url))

describe.runIf(existsSync(new URL('../dist/index.cjs', import.meta.url)))('the built package', () => {
  it.each(examples)('runs the example %s, and ends', async (name) => {
    const { stdout, stderr } = await run(process.execPath, [`examples/${name}`, writeTinyModel()], {
      cwd: packageFolder,
      env: environment
    })
    expect(stderr).toBe('')
    expect(stdout).not.toBe('')
  })

  it.runIf(existsSync(SOFTWARE_GPU))(
    'runs on the WebGPU provider, here a software adapter',
    async () => {
      const env = { ...environment, VK_ICD_FILENAMES: SOFTWARE_GPU, LD_LIBRARY_PATH: dirname(SOFTWARE_GPU) }
      const script = `import { createMatcher } from '@sohu-match/sdk-node'
      const model = ${JSON.stringify(writeTinyModel())}
      const scores = []
      for (const device of ['cpu', 'webgpu']) {
        const matcher = await createMatcher({ model, device, dtype: 'fp32' })
        if (matcher.info.device !== device) throw new Error(matcher.info.device)
        scores.push((await matcher.matchMany(Array.from({ length: 9 }, (_, i) => ({ a: '今天'.repeat(i), b: '天气', task: 'B-ll' })))).map(({ score }) => score))
        await matcher.dispose()
      }
      console.log(Math.max(...scores[0].map((score, i) => Math.abs(score - scores[1][i]))))`
      const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: packageFolder, env })
      expect(Number(stdout)).toBeLessThan(1e-4) // sine and cosine of a GPU are not those of libm
    },
    60_000
  )

  it('keeps the runtime from reporting to its maker', async () => {
    const script = `import { createMatcher } from '@sohu-match/sdk-node'
      const matcher = await createMatcher({ model: ${JSON.stringify(writeTinyModel())}, device: 'cpu' })
      await matcher.match('今天', '明天', 'A-ss')
      await matcher.dispose()`
    const traces = async (setting: NodeJS.ProcessEnv): Promise<string[]> => {
      const folder = mkdtempSync(join(tmpdir(), 'telemetry-'))
      const { CI: _quiet, XDG_CACHE_HOME: _cache, ...rest } = environment // under CI the runtime reports nothing anyway
      // Nothing may leave this machine: a proxy that is not there.
      const env = {
        ...rest,
        HOME: folder,
        TMPDIR: folder,
        HTTPS_PROXY: 'http://127.0.0.1:9',
        https_proxy: 'http://127.0.0.1:9',
        ...setting
      }
      await run(process.execPath, ['--input-type=module', '-e', script], { cwd: packageFolder, env })
      return readdirSync(folder, { recursive: true })
        .map(String)
        .filter((name) => /mat-debug|onnxruntime/.test(name))
    }
    expect(await traces({})).toEqual([])
    if (process.platform === 'linux') expect(await traces({ ORT_DISABLE_TELEMETRY: '0' })).not.toEqual([]) // these are the traces that it leaves
  }, 60_000)

  it('gives back the memory of its workers', async () => {
    const script = `import { createMatcher } from '@sohu-match/sdk-node'
      const resident = []
      for (let i = 0; i < 30; i++) {
        const matcher = await createMatcher({ model: ${JSON.stringify(writeTinyModel())}, device: 'cpu', threads: 1 })
        await matcher.match('今天', '天气', 'B-ll')
        await matcher.dispose()
        resident.push(process.memoryUsage.rss() / 1e6)
      }
      console.log(Math.max(...resident.slice(20)) - Math.max(...resident.slice(0, 10)))`
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
      cwd: packageFolder,
      env: environment
    })
    expect(Number(stdout)).toBeLessThan(60) // megabytes; 20 workers that stay are several times that
  }, 120_000)

  it('does nothing when it is imported', async () => {
    const script = `import { createMatcher } from '@sohu-match/sdk-node'
      if (process.report.getReport().sharedObjects.some((path) => path.includes('onnxruntime'))) throw new Error('the runtime was loaded')
      console.log(typeof createMatcher)`
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
      cwd: packageFolder,
      env: environment
    })
    expect(stdout).toBe('function\n')
  })
})
