import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { writeTinyModel } from '../../sdk-node/src/tiny-model.fixtures'

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

describe.runIf(existsSync(cli))('sohu-match', () => {
  it('judges one pair', async () => {
    expect(await run('', 'match', '今天天气', '明天', '--task', 'A-ss', ...model)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^(no )?match {2}score 0\.\d{4} .* task A-ss/)
    })
    const { out } = await run('', 'match', '今天天气', '明天', '--task', 'A-ss', '--json', ...model)
    expect(JSON.parse(out)).toMatchObject({ task: 'A-ss', threshold: 0.5, truncated: false })
  })

  it('ends with a code and a next step where something is wrong', async () => {
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
  })

  it('scores lines in order, and goes on where it was killed', async () => {
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

    const out = join(mkdtempSync(join(tmpdir(), 'cli-')), 'out.jsonl')
    const { child, ended } = start('score', '--out', out, ...model)
    child.stdin.on('error', () => undefined).end(input)
    while (!existsSync(out) || readFileSync(out).length < 2_000) await new Promise((resolve) => setTimeout(resolve, 5))
    child.kill('SIGKILL')
    await ended
    expect(await run(input, 'score', '--out', out, ...model)).toMatchObject({
      code: 1,
      err: expect.stringContaining('--resume')
    })
    expect(await run(input, 'score', '--out', out, '--resume', ...model)).toMatchObject({ code: 0 })
    expect(readFileSync(out, 'utf8')).toBe(whole.out)
  })

  it('stops at SIGINT with whole lines, and says how to go on', async () => {
    const { child, ended, says } = start('score', '--task', 'A-ss', ...model)
    const feed = setInterval(() => child.stdin.write(Array.from({ length: 50 }, (_, i) => `${line(i)}\n`).join('')), 5)
    child.stdin.on('error', () => undefined)
    await says(/\d+ lines/)
    child.kill('SIGINT')
    const { code, out, err } = await ended
    clearInterval(feed)
    expect(code).toBe(130)
    const done = Number(/Stopped after (\d+) lines; go on with --skip/.exec(err)?.[1])
    expect(out.split('\n')).toHaveLength(done + 1)
  })

  it('serves until it is told to stop, and answers what it has accepted', async () => {
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
    await new Promise((resolve) => setTimeout(resolve, 20))
    child.kill('SIGTERM')
    expect((await busy).status).toBe(200)
    expect(await ended).toMatchObject({ code: 0, err: expect.stringContaining('requests under way are answered') })
  })

  it('measures itself', async () => {
    const { out } = await run('', 'bench', '--runs', '2', '--pairs', '20', '--json', ...model)
    expect(JSON.parse(out)).toMatchObject({ model: 'tiny', device: 'cpu', mixed: { pairs: 20 } })
  })
})
