import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { writeTinyModel } from '@sohu-match/testing'

/** SwiftShader's Vulkan driver, as Debian's chromium brings it: a GPU in software. */
const SOFTWARE_GPU = '/usr/lib/chromium/vk_swiftshader_icd.json'

/** The demo model, where it is built: its batches take long enough to be interrupted. */
const DEMO_MODEL = fileURLToPath(new URL('../../model-demo/model', import.meta.url))

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
  })

  it.runIf(existsSync(DEMO_MODEL))(
    'leaves the exit code to the program, whether it ends by process.exit or by an error, while a batch runs or a model loads',
    async () => {
      const script = (end: string): string => `import { createMatcher } from '@sohu-match/sdk-node'
      const end = () => { ${end} }
      if (process.argv[1] === 'loading') setTimeout(end, Number(process.argv[2]))
      const matcher = await createMatcher({ model: ${JSON.stringify(DEMO_MODEL)}, device: 'cpu' })
      const a = '国足二比一获胜拿到三分'.repeat(40)
      matcher.matchMany(Array.from({ length: 500 }, (_, i) => ({ a, b: a + i, task: 'A-ll' }))).catch(() => {})
      if (process.argv[1] !== 'loading') setTimeout(end, Number(process.argv[2]))`
      const codeOf = async (end: string, when: string, wait: number): Promise<unknown> =>
        run(process.execPath, ['--input-type=module', '-e', script(end), '--', when, String(wait)], {
          cwd: packageFolder,
          env: environment
        }).then(
          () => 0,
          (error: { code?: number; signal?: string }) => error.signal ?? error.code
        )
      for (const wait of [150, 230, 310]) {
        expect(await codeOf('process.exit(3)', 'running', wait)).toBe(3)
        expect(await codeOf('throw new Error()', 'running', wait)).toBe(1)
        expect(await codeOf('process.exit(3)', 'loading', wait)).toBe(3)
      }
    },
    120_000
  )

  it('warns in a worker thread, which cannot keep the runtime from reporting, unless the variable is set', async () => {
    const script = `const { Worker } = require('node:worker_threads')
      new Worker(\`const { createMatcher } = require('@sohu-match/sdk-node')
        createMatcher({ model: ${JSON.stringify(writeTinyModel())}, device: 'cpu' }).then((matcher) => matcher.dispose())\`, { eval: true })`
    const stderrUnder = async (setting: NodeJS.ProcessEnv): Promise<string> => {
      const env = { ...environment, ...setting, CI: '1' } // under CI the runtime reports nothing
      return (await run(process.execPath, ['-e', script], { cwd: packageFolder, env })).stderr
    }
    expect(await stderrUnder({})).toContain('ORT_DISABLE_TELEMETRY=1 before the program starts')
    expect(await stderrUnder({ ORT_DISABLE_TELEMETRY: '1' })).toBe('')
  })

  it('works where CommonJS has no import(), as under jest', async () => {
    const script = `const { Script } = require('node:vm'), { createRequire } = require('node:module'), path = require('node:path')
      const file = require.resolve('@sohu-match/sdk-node'), module_ = { exports: {} }
      const source = '(function (require, module, exports, __filename, __dirname) {' + require('node:fs').readFileSync(file, 'utf8') + '})'
      new Script(source, { filename: file }).runInThisContext()(createRequire(file), module_, module_.exports, file, path.dirname(file))
      module_.exports.createMatcher({ model: ${JSON.stringify(writeTinyModel())}, device: 'cpu' }).then(async (matcher) => {
        console.log((await matcher.match('今天', '明天', 'A-ss')).task)
        await matcher.dispose()
      })`
    const { stdout } = await run(process.execPath, ['-e', script], { cwd: packageFolder, env: environment })
    expect(stdout).toBe('A-ss\n')
  })

  it('works in a bundle that leaves it external, and says what to do in one that does not', async () => {
    const folder = mkdtempSync(join(packageFolder, 'dist', 'bundled-')) // inside, so that the packages are found beside it
    try {
      const bundle = async (name: string, external: string[]): Promise<string> => {
        const outfile = join(folder, name)
        const contents = `import { createMatcher } from '@sohu-match/sdk-node'
          const matcher = await createMatcher({ model: ${JSON.stringify(writeTinyModel())}, device: 'cpu' })
          console.log((await matcher.match('今天', '明天', 'A-ss')).task)
          await matcher.dispose()`
        const input = { contents, resolveDir: packageFolder }
        const options = { bundle: true, platform: 'node', format: 'esm', logLevel: 'silent' } as const
        await build({ ...options, stdin: input, outfile, external: [...external, '*.node'] })
        return outfile
      }
      const packages = ['@sohu-match/sdk-node', 'onnxruntime-node']
      const { stdout } = await run(process.execPath, [await bundle('external.mjs', packages)], { env: environment })
      expect(stdout).toBe('A-ss\n')
      const whole = await bundle('whole.mjs', ['onnxruntime-node'])
      await expect(run(process.execPath, [whole], { env: environment })).rejects.toMatchObject({
        stderr: expect.stringContaining('mark @sohu-match/sdk-node and onnxruntime-node as external')
      })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

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
