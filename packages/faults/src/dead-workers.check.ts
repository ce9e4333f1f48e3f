import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, it } from 'vitest'
import { post } from './malformed'
import { caseError, cases, counts, randomOf, record } from './plan'
import { exchange, requireAlive, startServer, statuses, type ServerProcess } from './server-process'

const CHECK = 'dead-workers'
const DEATHS = counts(40, 4)

/** Whether to wait for the minute after which a server without workers gives up. */
const PATIENT = counts(1, 0) > 0

/**
 * Loaded before the server: while the file `all` exists, each of its worker threads dies of an exception, also at its start, and one of
 * them while the file `one` exists.
 */
const preload = (all: string, one: string): string => `import workerThreads from 'node:worker_threads'
import { syncBuiltinESMExports } from 'node:module'
const dying = ${JSON.stringify(`import { existsSync, rmSync } from 'node:fs'
const take = (path) => { try { rmSync(path); return true } catch { return false } }
const check = () => { if (existsSync(${JSON.stringify(all)}) || take(${JSON.stringify(one)})) throw new Error('killed by the check') }
check()
setInterval(check, 5).unref()`)}
const { Worker } = workerThreads
workerThreads.Worker = class extends Worker {
  constructor(script, options) {
    super(script, { ...options, execArgv: ['--import', 'data:text/javascript,' + encodeURIComponent(dying)] })
  }
}
syncBuiltinESMExports()
`

/** A server of two workers that die when a file is written. */
async function startMortal(): Promise<{ server: ServerProcess; all: string; one: string } & AsyncDisposable> {
  const folder = mkdtempSync(join(tmpdir(), 'sohu-match-dead-workers-'))
  const [script, all, one] = ['preload.mjs', 'all', 'one'].map((name) => join(folder, name)) as [string, string, string]
  writeFileSync(script, preload(all, one))
  const server = await startServer(
    10_000,
    ['--workers', '2', '--threads', '1'],
    ['--import', pathToFileURL(script).href]
  )
  return {
    server,
    all,
    one,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true })
    }
  }
}

async function statusOf({ port }: ServerProcess, path: string): Promise<number> {
  return (await fetch(`http://127.0.0.1:${port}${path}`)).status
}

/** Waits for a status of /ready; /health must be 200 all the while. */
async function untilReady(server: ServerProcess, status: number): Promise<void> {
  while ((await statusOf(server, '/ready')) !== status) {
    if (server.running.child.exitCode !== null) throw new Error(`the server has ended: ${server.running.output()}`)
    expect(await statusOf(server, '/health')).toBe(200)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const pairs = Array.from({ length: 4 }, (_, i) => ({ a: `第${i}条：国足二比一获胜，拿到三分`, b: '国足赢得关键比赛' }))
const request = post(JSON.stringify({ pairs }))

it('keeps answering while one worker after another dies, and replaces them', () =>
  record('workers killed one by one', async () => {
    await using mortal = await startMortal()
    const { server, one } = mortal
    const found: Record<number, number> = {}
    let stopped = false
    const clients = Array.from({ length: 3 }, async () => {
      while (!stopped) {
        const [status = 0] = statuses(await exchange(server.port, (socket) => void socket.write(request)))
        found[status] = (found[status] ?? 0) + 1
      }
    })
    try {
      for (const index of cases(DEATHS)) {
        await new Promise((resolve) => setTimeout(resolve, randomOf(CHECK, index).below(300)))
        writeFileSync(one, '')
        while (existsSync(one)) await new Promise((resolve) => setTimeout(resolve, 5))
        await untilReady(server, 200)
        if (server.running.child.exitCode !== null) throw caseError(CHECK, index, server.running.output())
      }
    } finally {
      stopped = true
      await Promise.all(clients)
    }
    expect(Object.keys(found).filter((status) => !['200', '429', '500', '503'].includes(status))).toEqual([])
    expect(found[200]).toBeGreaterThan(0)
    await untilReady(server, 200)
    await requireAlive(server)
    server.running.child.kill('SIGTERM')
    expect(await server.running.ended).toBe(0)
    const answers = Object.entries(found).map(([status, times]) => `${times} ${status}`)
    return {
      count: cases(DEATHS).length,
      result: `${answers.join(', ')}; /health 200 throughout, then ready, exit code 0`
    }
  }))

it('is alive but not ready while no worker can be started, and recovers', () =>
  record('all workers killed', async () => {
    await using mortal = await startMortal()
    const { server, all } = mortal
    await requireAlive(server)
    writeFileSync(all, '')
    await untilReady(server, 503)
    const [refused = 0] = statuses(await exchange(server.port, (socket) => void socket.write(request)))
    expect(refused).toBeGreaterThanOrEqual(500)
    expect(await statusOf(server, '/health')).toBe(200)
    rmSync(all)
    await untilReady(server, 200)
    await requireAlive(server)
    writeFileSync(all, '')
    await untilReady(server, 503)
    server.running.child.kill('SIGTERM')
    expect(await server.running.ended).toBe(0)
    return {
      count: 2,
      result: `/ready 503, /match ${refused}, /health 200; ready again; exit code 0 at SIGTERM without a worker`
    }
  }))

it.runIf(PATIENT)('exits with a message and code 1 if no worker can be restarted', () =>
  record('workers killed for good', async () => {
    await using mortal = await startMortal()
    const { server, all } = mortal
    writeFileSync(all, '')
    expect(await server.running.ended).toBe(1)
    expect(server.running.output()).toContain('No worker could be started')
    return { count: 1, result: 'the process ended with exit code 1 and said why' }
  })
)
