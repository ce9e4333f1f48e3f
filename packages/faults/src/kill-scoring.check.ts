import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'vitest'
import { cliOf, MODEL } from './paths'
import { caseError, cases, counts, randomOf, record } from './plan'
import { said, start, succeed, type Running } from './process'

const CHECK = 'kill-scoring'
const COUNT = counts(40, 2)
const LINES = 1_000
/** Kills per file before its run may finish. */
const KILLS = 4

/** Input lines of many lengths, some blank, some that cannot be scored, with ids above 2^53. */
function inputLine(i: number): string {
  const text = '国足二比一获胜，拿到三分，赛后主教练表示球队还有很长的路要走，球迷热烈庆祝'
  if (i % 97 === 5) return ''
  if (i % 389 === 7) return 'not JSON'
  const [a, b] = [text.slice(i % 20, 8 + (i % 37)) + i, text.slice((i * 7) % 13, 4 + ((i * 11) % 36))]
  return `{"id":${9_007_199_254_740_993n + BigInt(i)},"a":"${a}","b":"${b}","task":"${i % 2 ? 'A-ss' : 'B-ss'}"}`
}

/** Starts a run over the input file. */
function score(input: string, ...flags: string[]): Running {
  const file = openSync(input, 'r')
  const fixed = ['score', '--model', MODEL, '--device', 'cpu', '--keep-going', '--quiet']
  const running = start(process.execPath, [cliOf('cli'), ...fixed, ...flags], {}, file)
  closeSync(file)
  return running
}

/** Stops a run at this instant, by kill -9 or as Ctrl-C does, unless it finishes before; returns whether it was stopped. */
async function stopAfter(running: Running, milliseconds: number, signal: 'SIGKILL' | 'SIGINT'): Promise<boolean> {
  const timer = setTimeout(() => running.child.kill(signal), milliseconds)
  const code = await running.ended
  clearTimeout(timer)
  if (code !== null && code !== 0 && code !== 130) throw new Error(`it ended with ${code}: ${running.output()}`)
  return code !== 0
}

it('writes the bytes of an uninterrupted run, wherever runs are killed and resumed', () =>
  record(CHECK, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kill-scoring-'))
    const input = join(folder, 'pairs.jsonl')
    writeFileSync(input, Array.from({ length: LINES }, (_, i) => `${inputLine(i)}\n`).join(''))
    const began = performance.now()
    const whole = (skip: number): string => join(folder, `whole-${skip}.jsonl`)
    for (const skip of [0, 400]) await succeed(score(input, '--skip', `${skip}`, '--out', whole(skip)))
    const duration = (performance.now() - began) / 2

    let kills = 0
    for (const index of cases(COUNT)) {
      const random = randomOf(CHECK, index)
      const out = join(folder, `${index}.jsonl`)
      const skip = random.below(2) * 400
      const first = ['--out', out, '--skip', `${skip}`]
      for (let left = KILLS; ; left--) {
        // Only the first run must name --skip; the number of workers must not matter.
        const resumed = ['--out', out, '--resume', ...(random.below(2) ? ['--skip', `${skip}`] : [])]
        const running = score(input, ...(existsSync(out) ? resumed : first), '--workers', `${1 + random.below(2)}`)
        if (left === 0) {
          await succeed(running)
          break
        }
        const signal = random.below(3) ? 'SIGKILL' : 'SIGINT'
        if (await stopAfter(running, random.below(Math.ceil(duration)), signal)) kills++
      }
      if (!readFileSync(out).equals(readFileSync(whole(skip))))
        throw caseError(CHECK, index, `${out} differs from ${whole(skip)}`)
    }
    rmSync(folder, { recursive: true })
    return { count: cases(COUNT).length, result: `${kills} kills, each file equal to that of an unbroken run` }
  }))

it('continues a run to stdout with the --skip that its message names', () =>
  record('interrupted scoring to stdout', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'stop-scoring-'))
    const input = join(folder, 'pairs.jsonl')
    writeFileSync(input, Array.from({ length: LINES }, (_, i) => `${inputLine(i)}\n`).join(''))
    const began = performance.now()
    const whole = await stdoutOf(score(input))
    const duration = performance.now() - began
    let stops = 0
    for (const index of cases(Math.ceil(COUNT / 2))) {
      const running = score(input)
      await said(running, /\n/)
      const stopped = await stopAfter(running, randomOf(CHECK, 1_000 + index).below(Math.ceil(duration / 8)), 'SIGINT')
      if (!stopped) continue // it had finished
      stops++
      const skip = /with --skip (\d+)\.\n/.exec(running.output())?.[1] ?? '0'
      const both = linesOf(running.output()) + (await stdoutOf(score(input, '--skip', skip)))
      if (both !== whole) throw caseError(CHECK, index, `the answers after --skip ${skip} do not fit those before`)
    }
    rmSync(folder, { recursive: true })
    return { count: stops, result: 'each in two parts equal to an unbroken run' }
  }))

async function stdoutOf(running: Running): Promise<string> {
  return linesOf(await succeed(running))
}

/** The answers in a program's output, without its messages. */
function linesOf(output: string): string {
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => `${line}\n`)
    .join('')
}
