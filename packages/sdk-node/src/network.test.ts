import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { writeTinyModel } from '@sohu-match/testing'

const run = promisify(execFile)
const built = new URL('../dist/index.js', import.meta.url)

/** Reserved for documentation (RFC 5737): nobody answers there, and the watched processes may not even ask. */
const PROXY = 'http://192.0.2.1:9'

/** A process that tries nothing must be watched for as long as one that reports takes to try, and a while longer. */
const script = (reported: string): string => `import { existsSync } from 'node:fs'
import { createMatcher } from ${JSON.stringify(built.href)}
const matcher = await createMatcher({ model: ${JSON.stringify(writeTinyModel())}, device: 'cpu', workers: 1 })
await matcher.match('今天', '明天', 'A-ss')
while (!existsSync(${JSON.stringify(reported)})) await new Promise((resolve) => setTimeout(resolve, 50))
await new Promise((resolve) => setTimeout(resolve, 1_000))
await matcher.dispose()
`

it.runIf(existsSync(built) && process.platform === 'linux')(
  'a matcher connects to no other machine, in the main thread or with the variable set in a worker thread',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'network-'))
    const library = join(folder, 'connections.so')
    const source = fileURLToPath(new URL('../tools/connections.c', import.meta.url))
    execFileSync(process.env.CXX ?? 'g++', ['-x', 'c', '-shared', '-fPIC', '-o', library, source, '-ldl'])
    const reported = join(folder, 'reporting')
    const main = join(folder, 'main.mjs')
    const worker = join(folder, 'worker.mjs')
    writeFileSync(main, script(reported))
    writeFileSync(
      worker,
      `import { Worker } from 'node:worker_threads'\nnew Worker(new URL(${JSON.stringify(pathToFileURL(main).href)}))\n`
    )
    const { CI: _quiet, ORT_DISABLE_TELEMETRY: _set, XDG_CACHE_HOME: _cache, ...rest } = process.env
    const connections = async (name: string, program: string, setting: NodeJS.ProcessEnv): Promise<string> => {
      const file = join(folder, name)
      const proxy = { HTTPS_PROXY: PROXY, https_proxy: PROXY }
      const env = {
        ...rest,
        ...proxy,
        HOME: folder,
        TMPDIR: folder,
        LD_PRELOAD: library,
        CONNECTIONS: file,
        ...setting
      }
      await run(process.execPath, [program], { env, timeout: 150_000 })
      return existsSync(file) ? readFileSync(file, 'utf8') : ''
    }
    const [reporting, inMain, inWorker] = await Promise.all([
      connections('reporting', main, { ORT_DISABLE_TELEMETRY: '0' }), // the watch sees what would be reported
      connections('main', main, {}),
      connections('worker', worker, { ORT_DISABLE_TELEMETRY: '1' })
    ])
    expect(reporting).toContain('192.0.2.1')
    expect([inMain, inWorker]).toEqual(['', ''])
    rmSync(folder, { recursive: true })
  },
  180_000
)
