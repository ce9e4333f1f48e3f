import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { writeTinyModel } from '@sohu-match/testing'

const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url))
const model = ['--model', writeTinyModel(), '--device', 'cpu', '--threads', '1']

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function start(...flags: string[]) {
  const child = spawn(process.execPath, [cli, ...flags])
  let [out, err] = ['', '']
  child.stdout.on('data', (data) => {
    out += String(data)
  })
  child.stderr.on('data', (data) => {
    err += String(data)
  })
  const ended = new Promise<Ended>((resolve) => child.on('close', (code) => resolve({ code, out, err })))
  const says = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const found = pattern.exec(err)
      if (found) return found
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  return { child, ended, says }
}

function run(input: string, ...flags: string[]): Promise<Ended> {
  const { child, ended } = start(...flags)
  child.stdin.on('error', () => undefined).end(input) // a command that fails early reads nothing
  return ended
}

const line = (i: number): string => JSON.stringify({ a: `今天${i}`, b: '明天', task: 'A-ss', id: i })

/** Waits until a server has accepted this many pairs, by its metrics. */
async function untilAccepted(pairs: number, address: string, headers: Record<string, string> = {}): Promise<void> {
  for (;;) {
    const page = await (await fetch(`${address}/metrics`, { headers })).text()
    const values = [...page.matchAll(/^sohu_match_(?:waiting_pairs|pairs_total\{.*\}) (\d+)$/gm)]
    if (values.reduce((sum, [, value]) => sum + Number(value), 0) >= pairs) return
  }
}

describe.runIf(existsSync(cli))('sohu-match', () => {
  it('scores one pair', async () => {
    expect(await run('', 'match', '今天天气', '明天', '--task', 'A-ss', ...model)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^(no )?match {2}score 0\.\d{4} .* task A-ss/)
    })
    const { out } = await run('', 'match', '今天天气', '明天', '--task', 'A-ss', '--json', ...model)
    expect(JSON.parse(out)).toMatchObject({ task: 'A-ss', threshold: 0.5, truncated: false })
  })

  it('says what this machine can run', async () => {
    const { code, out } = await run('', 'doctor', '--json')
    const { devices, processor } = JSON.parse(out) as { devices: object[]; processor: object }
    expect(code).toBe(0)
    expect(devices).toHaveLength(3)
    expect(devices[0]).toEqual({ device: 'cpu', usable: true, runtime: '1.30.0' })
    expect(processor).toMatchObject({ count: expect.any(Number) })
  })

  it('exits with a code and a next step if something is wrong', async () => {
    expect(await run('', 'match', 'a', 'b', '--task', 'C-ll', ...model)).toMatchObject({
      code: 1,
      err: expect.stringContaining('[task-unknown]')
    })
    expect(await run('', 'match', 'a', 'b', '--task', 'A-ss', '--model', '/nowhere')).toMatchObject({
      code: 1,
      err: expect.stringContaining('/nowhere/manifest.json')
    })
    const piped = mkdtempSync(join(tmpdir(), 'cli-piped-'))
    execFileSync('mkfifo', [join(piped, 'manifest.json')])
    expect(await run('', 'match', 'a', 'b', '--task', 'A-ss', '--model', piped)).toMatchObject({
      code: 1,
      err: expect.stringContaining('manifest.json is not a file')
    })
    expect(await run('', 'match', 'a', 'b', '--tsk', 'A-ss', '--task', 'A-ss', ...model)).toMatchObject({
      code: 1,
      err: expect.stringContaining('(Did you mean --task?)')
    })
    expect(await run('not JSON\n', 'score', ...model)).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('line 1: it is not JSON')
    })
    expect(await run('', 'score', '--resume', ...model)).toMatchObject({
      code: 1,
      err: expect.stringContaining('--out')
    })
    for (const command of ['match', 'score', 'serve'])
      expect(
        await run('', command, ...(command === 'match' ? ['a', 'b'] : []), '--task', 'C-ll', ...model)
      ).toMatchObject({ code: 1, err: expect.stringMatching(/^sohu-match: .*"C-ll".*A-ss.* \[task-unknown\]\n$/) })
  })

  it('scores lines in order, and resumes a killed run to the same bytes', async () => {
    const count = 3_000
    const input = Array.from({ length: count }, (_, i) => `${line(i)}\n`).join('')
    const whole = await run(input, 'score', '--quiet', ...model)
    expect(whole).toMatchObject({ code: 0, err: '' })
    expect(
      whole.out
        .split('\n')
        .slice(0, -1)
        .map((text) => (JSON.parse(text) as { id: number }).id)
    ).toEqual(Array.from({ length: count }, (_, i) => i))

    for (const skip of [0, 700]) {
      const out = join(mkdtempSync(join(tmpdir(), 'cli-')), 'out.jsonl')
      const { child, ended } = start('score', '--skip', `${skip}`, '--out', out, ...model)
      child.stdin.on('error', () => undefined).end(input)
      while (!existsSync(out) || readFileSync(out).length < 2_000)
        await new Promise((resolve) => setTimeout(resolve, 5))
      child.kill('SIGKILL')
      await ended
      expect(await run(input, 'score', '--out', out, ...model)).toMatchObject({
        code: 1,
        err: expect.stringContaining('--resume')
      })
      expect(await run(input, 'score', '--out', out, '--resume', ...model)).toMatchObject({ code: 0 })
      expect(readFileSync(out, 'utf8')).toBe(whole.out.split('\n').slice(skip).join('\n'))
      expect(await run(input, 'score', '--out', out, '--resume', ...model)).toMatchObject({ code: 0 })
      expect(readFileSync(out, 'utf8')).toBe(whole.out.split('\n').slice(skip).join('\n'))
    }
  })

  it('answers a program that writes a line and waits', async () => {
    const { child, ended } = start('score', '--quiet', ...model)
    for (let i = 0; i < 3; i++) {
      const answer = once(child.stdout, 'data')
      child.stdin.write(`${line(i)}\n`)
      expect(JSON.parse(String((await answer)[0]))).toMatchObject({ id: i })
    }
    child.stdin.end()
    expect(await ended).toMatchObject({ code: 0 })
  })

  it('answers bad lines with their errors on request, and counts them', async () => {
    const input = `\ufeff${line(0)}\r\n\nnot JSON\n{"a":"a","b":"b","task":"C-ll","id":12345678901234567890}\n${line(3)}`
    const { code, out, err } = await run(input, 'score', '--keep-going', '--quiet', ...model)
    expect({ code, err }).toEqual({ code: 0, err: '2 lines could not be scored; their answers say why.\n' })
    const lines = out.split('\n').slice(0, -1)
    expect(lines.map((text) => /^\{"(id|line)":(\d+),.*?("code":"[a-z-]+"|"score")/.exec(text)?.slice(1))).toEqual([
      ['id', '0', '"score"'],
      ['line', '3', '"code":"data-invalid"'],
      ['id', '12345678901234567890', '"code":"task-unknown"'],
      ['id', '3', '"score"']
    ])
  })

  it('stops at SIGINT with whole lines, and says how to continue', async () => {
    const { child, ended, says } = start('score', '--task', 'A-ss', ...model)
    const feed = setInterval(() => child.stdin.write(Array.from({ length: 50 }, (_, i) => `${line(i)}\n`).join('')), 5)
    child.stdin.on('error', () => undefined)
    await says(/\d+ lines/)
    child.kill('SIGINT')
    const { code, out, err } = await ended
    clearInterval(feed)
    expect(code).toBe(130)
    const done = Number(/Stopped after (\d+) answers; to continue, give the same input with --skip \1/.exec(err)?.[1])
    expect(out.split('\n')).toHaveLength(done + 1)
  })

  it('stops at SIGTERM while its input is silent', async () => {
    const { child, ended } = start('score', ...model)
    const answer = once(child.stdout, 'data')
    child.stdin.write(`${line(0)}\n`)
    await answer
    child.kill('SIGTERM')
    expect(await ended).toMatchObject({ code: 143, err: expect.stringContaining('--skip 1') })
  })

  it('says in one sentence why it cannot serve', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as { port: number }
    const serve = (...flags: string[]) => run('', 'serve', ...flags, ...model)
    expect(await serve('--port', `${port}`)).toMatchObject({
      code: 1,
      err: `sohu-match: 127.0.0.1:${port} is taken by another program; name another --port. [config-invalid]\n`
    })
    taken.close()
    for (const [flags, message] of [
      [['--port', '65536'], /^error: option '--port <number>' .*whole number from 0 to 65535/],
      [['--host', '192.0.2.1', '--port', '0'], /^sohu-match: 192\.0\.2\.1:0 is not an address of this machine.*\n$/],
      [['--cors-origin', 'example.org'], /^sohu-match: --cors-origin "example.org" is not an origin.*\n$/]
    ] as const)
      expect(await serve(...flags)).toMatchObject({ code: 1, err: expect.stringMatching(message) })
  })

  it('logs requests, and takes its key from the environment', async () => {
    process.env['SOHU_MATCH_API_KEY'] = 'secret'
    const { child, ended, says } = start('serve', '--port', '0', '--log', 'json', '--task', 'A-ss', ...model)
    delete process.env['SOHU_MATCH_API_KEY']
    const [, address] = await says(/at (http:\/\/127\.0\.0\.1:\d+)/)
    const headers = { 'content-type': 'application/json', authorization: 'Bearer secret', 'x-request-id': 'r1' }
    expect((await fetch(`${address}/info`)).status).toBe(401)
    expect((await fetch(`${address}/match`, { method: 'POST', headers, body: '{"a":"甲","b":"乙"}' })).status).toBe(200)
    child.kill('SIGTERM')
    const { out } = await ended
    const entries = out.split('\n').slice(0, -1)
    expect(entries.map((entry) => JSON.parse(entry) as object)).toMatchObject([
      { route: '/info', status: 401, code: 'unauthorized' },
      { id: 'r1', route: '/match', status: 200, pairs: 1 }
    ])
    expect(out).not.toContain('甲')
  })

  it('serves until it is asked to stop, and answers accepted requests', async () => {
    const { child, ended, says } = start('serve', '--port', '0', '--task', 'A-ss', '--deadline', '100000', ...model)
    const [, address] = await says(/at (http:\/\/127\.0\.0\.1:\d+)/)
    const post = (body: object): Promise<Response> =>
      fetch(`${address}/rerank`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' }
      })
    expect(await (await post({ query: '今天', texts: ['明天', '天气'] })).json()).toHaveLength(2)
    const busy = post({ query: '今天', texts: Array.from({ length: 900 }, (_, i) => `${i}`.repeat(20)) })
    await untilAccepted(2 + 900, address!)
    child.kill('SIGTERM')
    expect((await busy).status).toBe(200)
    expect(await ended).toMatchObject({ code: 0, err: expect.stringContaining('requests under way are answered') })
  })

  it('serves with several processes, reloads, and stops all of them on request', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cli-processes-'))
    const current = join(folder, 'current')
    const named = (name: string): void => {
      const to = join(folder, name)
      cpSync(model[1]!, to, { recursive: true })
      const path = join(to, 'manifest.json')
      writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, 'utf8')) as object), name }))
      rmSync(current, { force: true })
      symlinkSync(name, current)
    }
    named('one')
    const flags = ['--processes', '2', '--task', 'A-ss', '--deadline', '100000', '--api-key', 'secret']
    const { child, ended, says } = start('serve', '--port', '0', ...flags, ...model, '--model', current)
    const [, address] = await says(/at (http:\/\/127\.0\.0\.1:\d+)/)
    const headers = { authorization: 'Bearer secret', connection: 'close' }
    const get = (path: string): Promise<Response> => fetch(`${address}${path}`, { headers })
    const post = (path: string, body?: object): Promise<Response> =>
      fetch(`${address}${path}`, {
        method: 'POST',
        headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) })
      })
    for (let i = 0; i < 4; i++) expect((await post('/match', { a: '今天', b: '明天' })).status).toBe(200)
    const metrics = async (): Promise<string> => (await get('/metrics')).text()
    expect(await metrics()).toContain('\nsohu_match_pairs_total{task="A-ss"} 4\n')

    named('two')
    expect(await (await get('/info')).json()).toMatchObject({ model: 'one' })
    expect((await fetch(`${address}/reload`, { method: 'POST' })).status).toBe(401)
    expect(await (await post('/reload')).json()).toMatchObject({ model: 'two' })
    for (let i = 0; i < 2; i++) expect(await (await get('/info')).json()).toMatchObject({ model: 'two' })
    expect(await metrics()).toMatch(
      /sohu_match_pairs_total\{task="A-ss"\} 4\n[^]*reloaded"\} 1\n[^]*sohu_match_processes 2\n/
    )

    const texts = Array.from({ length: 900 }, (_, i) => `${i}`.repeat(20))
    const busy = [1, 2, 3].map(() => post('/rerank', { query: '今天', texts }))
    await untilAccepted(4 + 3 * 900, address!, headers)
    child.kill('SIGTERM')
    expect((await Promise.all(busy)).map(({ status }) => status)).toEqual([200, 200, 200])
    expect(await ended).toMatchObject({ code: 0, err: expect.stringContaining('requests under way are answered') })
    await expect(get('/health')).rejects.toThrow() // its port is closed
  })

  it('says once why none of its processes can serve, and what cannot reload', async () => {
    const broken = mkdtempSync(join(tmpdir(), 'cli-broken-'))
    const flags = ['serve', '--port', '0', '--processes', '3']
    const { code, err } = await run('', ...flags, '--model', broken, '--device', 'cpu')
    expect(code).toBe(1)
    expect(err).toMatch(/^sohu-match: [^\n]*manifest\.json[^\n]*\n$/)
    const { child, ended, says } = start('serve', '--port', '0', '--api-key', 'secret', ...model)
    const [, address] = await says(/at (http:\/\/127\.0\.0\.1:\d+)/)
    const headers = { authorization: 'Bearer secret' }
    const answer = await fetch(`${address}/reload`, { method: 'POST', headers })
    expect([answer.status, await answer.json()]).toMatchObject([501, { code: 'reload-unavailable' }])
    child.kill('SIGTERM')
    expect(await ended).toMatchObject({ code: 0 })
  })

  it('measures itself', async () => {
    const { out } = await run('', 'bench', '--runs', '2', '--pairs', '20', '--json', ...model)
    expect(JSON.parse(out)).toMatchObject({ model: 'tiny', device: 'cpu', mixed: { pairs: 20 } })
  })
})
