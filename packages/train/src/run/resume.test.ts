import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { RUN_OUTCOME, SMALL_RUN } from '@sohu-match/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeDemoCorpus } from '../data/demo-corpus'

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
const root = mkdtempSync(join(tmpdir(), 'sohu-match-resume-'))
const data = join(root, 'data')

beforeAll(() => writeDemoCorpus(data, { train: 48, valid: 12, test: 12 }))
afterAll(() => rmSync(root, { recursive: true, force: true }))

function train(out: string, ...more: string[]): ChildProcess {
  return spawn(process.execPath, [cli, 'sohu', '--out', join(root, out), '--json', ...more], {
    stdio: ['ignore', 'pipe', 'pipe']
  })
}

function fresh(out: string, ...more: string[]): ChildProcess {
  return train(out, '--data', data, '--preset', 'smoke', '--set', ...SMALL_RUN, 'checkpoint_steps=4', ...more)
}

/** Resolves with the report of the first step at or after `step`. */
async function reached(child: ChildProcess, step: number): Promise<void> {
  for await (const line of createInterface({ input: child.stdout! })) {
    const report = JSON.parse(line) as { type: string; step?: number }
    if (report.type === 'step' && report.step! >= step) return
  }
  throw new Error(`The run ended before step ${step}.`)
}

async function ended(child: ChildProcess): Promise<number | null> {
  child.stdout!.resume()
  const [code] = (await once(child, 'exit')) as [number | null]
  return code
}

function outcome(out: string): Record<string, string> {
  return Object.fromEntries(RUN_OUTCOME.map((file) => [file, readFileSync(join(root, out, file)).toString('base64')]))
}

describe('a run that is interrupted', () => {
  beforeAll(async () => expect(await ended(fresh('whole'))).toBe(0))

  it('equals a second run with the same seed, and no run with another', async () => {
    expect(await ended(fresh('again'))).toBe(0)
    expect(await ended(fresh('other', 'seed=2'))).toBe(0)
    expect(outcome('again')).toEqual(outcome('whole'))
    expect(outcome('other')).not.toEqual(outcome('whole'))
  })

  it('resumes bit for bit after kill -9 in the middle of an epoch', async () => {
    const child = fresh('killed')
    await reached(child, 20)
    child.kill('SIGKILL')
    await ended(child)
    expect(existsSync(join(root, 'killed', 'last', 'state.json'))).toBe(true)
    expect(await ended(train('killed', '--resume'))).toBe(0)
    expect(outcome('killed')).toEqual(outcome('whole'))
  })

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143]
  ] as const)('finishes its step on %s, writes last/, exits with %i, and resumes bit for bit', async (signal, code) => {
    const run = `stopped-${signal}`
    const child = fresh(run)
    let output = ''
    child.stdout!.on('data', (chunk) => {
      output += String(chunk)
    })
    await reached(child, 10)
    child.kill(signal)
    expect(await ended(child)).toBe(code)
    expect(output).toContain(`npx sohu-train sohu --out ${join(root, run)} --resume`)
    expect(await ended(train(run, '--resume'))).toBe(0)
    expect(outcome(run)).toEqual(outcome('whole'))
  })
})
