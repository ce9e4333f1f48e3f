import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { consistentCheckpoint, smallData } from '../tools/consistent-checkpoint'

const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url))
const root = mkdtempSync(join(tmpdir(), 'export-cli-'))
afterAll(() => rmSync(root, { recursive: true }))
beforeAll(async () => {
  await consistentCheckpoint(join(root, 'checkpoint'))
  smallData(join(root, 'data'), ['valid'], 20)
})

/** Runs the built command where a person would, with paths relative to that folder. */
function run(...flags: string[]): Promise<{ code: number; out: string; error: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [cli, 'sohu', ...flags],
      { cwd: root, env: { ...process.env, INIT_CWD: root } },
      (failure, out, error) => {
        resolve({ code: failure ? Number(failure.code) : 0, out, error })
      }
    )
  })
}

describe('export sohu', () => {
  it('prints sizes, F1 with label flips, and latencies', async () => {
    const { code, out } = await run(
      '--checkpoint',
      'checkpoint',
      '--out',
      'model',
      '--dtype',
      'fp32,int8',
      '--data',
      'data',
      '--gate',
      '1',
      '--gate-pairs',
      '50'
    )
    expect(code).toBe(0)
    expect(out).toMatch(/of fp32[\s\S]*F1 \(label flips\)[\s\S]*B-ll[\s\S]*1x64[\s\S]*8x128/)
  })

  const refusals: [string, string[], RegExp][] = [
    ['no data and no word about the gate', [], /^export: There is no --data.*\[config-invalid\]$/m],
    [
      'an unknown dtype',
      ['--dtype', 'fp32,int5', '--no-gate'],
      /^export: --dtype has "int5"; it takes fp32.*\[config-invalid\]$/m
    ],
    [
      'a gate that is no number',
      ['--gate', 'small', '--data', 'data'],
      /option '--gate <drop>' argument 'small' is invalid\. It must be a number of at least 0/
    ],
    ['a gate over no pairs', ['--gate-pairs', '0', '--data', 'data'], /'--gate-pairs <count>' argument '0' is invalid/],
    ['an unknown task', ['--task', 'Z', '--no-gate'], /^export: .*\[task-unknown\]$/m],
    ['an unknown flag', ['--dtypes', 'fp32'], /unknown option '--dtypes'.*\n\(Did you mean --dtype\?\)/]
  ]
  for (const [what, flags, message] of refusals) {
    it(`refuses ${what}, with an exit code and nothing written`, async () => {
      const { code, error } = await run('--checkpoint', 'checkpoint', '--out', 'refused', ...flags)
      expect(code).toBe(1)
      expect(error).toMatch(message)
      expect(readdirSync(root)).not.toContain('refused')
    })
  }
})
