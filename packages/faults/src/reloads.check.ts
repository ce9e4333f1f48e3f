import {
  cpSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { caseError, cases, counts, randomOf, record } from './plan'
import { MODEL } from './paths'
import { startServer, type ServerProcess } from './server-process'

const CHECK = 'reloads'
const RELOADS = counts(20, 2)
const KILLS = counts(20, 2)

/** Time limit of a reload, a replacement of a process, or a request in milliseconds. */
const PATIENCE_MS = 120_000

const KEY = 'the-key-of-the-check'
const PROCESSES = 2
const CLIENTS = 6

/** A server of two processes over the symbolic link `current`, which points to a model folder `one` or `two`. */
interface Reloadable extends AsyncDisposable {
  readonly server: ServerProcess
  /** Sends a request on a new connection, so that it reaches a process that accepts new ones. */
  readonly ask: (method: 'GET' | 'POST', path: string) => Promise<{ status: number; body: string }>
  readonly pointTo: (name: string) => void
  readonly damage: (name: string) => void
}

async function startReloadable(): Promise<Reloadable> {
  const folder = mkdtempSync(join(tmpdir(), 'sohu-match-reloads-'))
  for (const name of ['one', 'two']) {
    cpSync(MODEL, join(folder, name), { recursive: true, dereference: true })
    const path = join(folder, name, 'manifest.json')
    writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, 'utf8')) as object), name }))
  }
  const current = join(folder, 'current')
  const pointTo = (name: string): void => {
    symlinkSync(name, `${current}.tmp`)
    renameSync(`${current}.tmp`, current)
  }
  pointTo('one')
  const flags = ['--processes', String(PROCESSES), '--workers', '1', '--threads', '1', '--api-key', KEY]
  const server = await startServer(30_000, ['--model', current, ...flags])
  return {
    server,
    ask: (method, path) => ask(server.port, method, path),
    pointTo,
    damage: (name) => truncateSync(join(folder, name, 'vocab.txt'), 100),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true })
    }
  }
}

const headers = { authorization: `Bearer ${KEY}` }

function ask(port: number, method: string, path: string): Promise<{ status: number; body: string }> {
  const signal = AbortSignal.timeout(PATIENCE_MS)
  return new Promise((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', method, path, headers, signal, agent: false }, (answer) => {
      text(answer).then((body) => resolve({ status: answer.statusCode!, body }), reject)
    })
    asked.on('error', reject).end()
  })
}

/** Requests without a pause, on kept-alive connections. */
interface Load {
  readonly answered: () => number
  /** Reasons of requests without a response, or with a status other than 200. */
  readonly lost: string[]
  stop(): Promise<void>
}

function startLoad({ server: { port } }: Reloadable): Load {
  const lost: string[] = []
  let answered = 0
  let stopped = false
  const one = async (a: string): Promise<void> => {
    const answer = await fetch(`http://127.0.0.1:${port}/match`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ a, b: '国足赢得关键比赛' }),
      signal: AbortSignal.timeout(PATIENCE_MS)
    })
    const { score } = (await answer.json()) as { score?: number }
    if (answer.status !== 200 || !(score! >= 0 && score! <= 1)) throw new Error(`status ${answer.status}`)
    answered++
  }
  const clients = Array.from({ length: CLIENTS }, async (_, client) => {
    for (let i = 0; !stopped; i++)
      await one(`第${client}个，第${i}条：国足二比一获胜`).catch((error: Error) =>
        lost.push(String(error.cause ?? error))
      )
  })
  return {
    answered: () => answered,
    lost,
    async stop() {
      stopped = true
      await Promise.all(clients)
    }
  }
}

/** Waits until `holds` returns true; throws if it does not in time. */
async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const start = performance.now(); !(await holds()); await sleep(20))
    if (performance.now() - start > PATIENCE_MS) throw new Error(`${what} took more than ${PATIENCE_MS} ms`)
}

async function modelOf({ ask }: Reloadable): Promise<string> {
  return (JSON.parse((await ask('GET', '/info')).body) as { model: string }).model
}

async function metricOf({ ask }: Reloadable, name: string): Promise<number> {
  const { body } = await ask('GET', '/metrics')
  return Number(
    body
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.slice(name.length) ?? NaN
  )
}

/** Reloads by one of the two ways; resolves once it is done. */
async function reload({ server, ask }: Reloadable, bySignal: boolean): Promise<void> {
  if (!bySignal) {
    const { status, body } = await ask('POST', '/reload')
    if (status !== 200) throw new Error(`/reload got ${status}: ${body}`)
    return
  }
  const reported = (): number => server.running.output().match(/^Reloaded: /gm)?.length ?? 0
  const before = reported()
  server.running.child.kill('SIGHUP')
  await until('A reload', () => reported() > before)
}

it('loses no request while it reloads model folders, and says why it keeps the old one', () =>
  record('reloads under load', async () => {
    await using reloadable = await startReloadable()
    const { server, ask, pointTo, damage } = reloadable
    const load = startLoad(reloadable)
    let slowest = 0
    try {
      for (const index of cases(RELOADS)) {
        const name = index % 2 === 0 ? 'two' : 'one'
        const before = load.answered()
        await sleep(randomOf(CHECK, index).below(300))
        pointTo(name)
        const start = performance.now()
        await reload(reloadable, index % 4 < 2)
        slowest = Math.max(slowest, performance.now() - start)
        for (let i = 0; i < PROCESSES; i++) expect(await modelOf(reloadable)).toBe(name)
        if (load.lost.length > 0) throw caseError(CHECK, index, `lost: ${load.lost.join('; ')}`)
        await until('An answer after the reload', () => load.answered() > before)
      }
      const served = await modelOf(reloadable)
      const other = served === 'one' ? 'two' : 'one'
      damage(other)
      pointTo(other)
      expect(await ask('POST', '/reload')).toMatchObject({ status: 500, body: expect.stringContaining('vocab.txt') })
      expect(await modelOf(reloadable)).toBe(served)
    } finally {
      await load.stop()
    }
    expect(load.lost).toEqual([])
    const count = cases(RELOADS).length
    expect(await metricOf(reloadable, 'sohu_match_reloads_total{outcome="reloaded"}')).toBe(count)
    expect(await metricOf(reloadable, 'sohu_match_reloads_total{outcome="failed"}')).toBe(1)
    expect(await metricOf(reloadable, 'sohu_match_pairs_total{task="B-ss"}')).toBe(load.answered())
    server.running.child.kill('SIGTERM')
    expect(await server.running.ended).toBe(0)
    const seconds = (slowest / 1000).toFixed(1)
    return { count, result: `${load.answered()} answered, 0 lost; the slowest reload took ${seconds} s; all counted` }
  }))

it('replaces a process that is killed, while the others answer', () =>
  record('processes killed', async () => {
    await using reloadable = await startReloadable()
    const { server } = reloadable
    const load = startLoad(reloadable)
    const members = (): number[] =>
      readFileSync(`/proc/${server.running.child.pid}/task/${server.running.child.pid}/children`, 'utf8')
        .trim()
        .split(' ')
        .map(Number)
    const kills = cases(KILLS).length
    try {
      for (const index of cases(KILLS)) {
        const random = randomOf(CHECK, 1_000 + index)
        await sleep(random.below(300))
        const killed = members()[random.below(PROCESSES)]!
        process.kill(killed, 'SIGKILL')
        await until('The end of a process', () => !members().includes(killed))
        const before = load.answered()
        await until('An answer of another process', () => load.answered() > before)
        await until('A new process', async () => (await metricOf(reloadable, 'sohu_match_processes')) === PROCESSES)
        if (server.running.child.exitCode !== null) throw caseError(CHECK, index, server.running.output())
      }
    } finally {
      await load.stop()
    }
    expect(load.lost.length).toBeLessThanOrEqual(kills * CLIENTS) // those that the process was scoring
    expect(server.running.output().match(/SIGKILL\. It is replaced\./g)).toHaveLength(kills)
    server.running.child.kill('SIGTERM')
    expect(await server.running.ended).toBe(0)
    return { count: kills, result: `${load.answered()} answered, ${load.lost.length} cut off with their process` }
  }))
