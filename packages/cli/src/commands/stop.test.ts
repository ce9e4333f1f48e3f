import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { Command } from 'commander'
import { afterAll, afterEach, expect, it, vi } from 'vitest'
import { createMatcher } from '@sohu-match/sdk-node'
import { addDedupe } from './dedupe'
import { addEmbed } from './embed'

vi.mock(import('@sohu-match/sdk-node'), async (actual) => ({ ...(await actual()), createMatcher: vi.fn() }))

const root = mkdtempSync(join(tmpdir(), 'cli-stop-'))
const exitCode = process.exitCode
afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = exitCode
})
afterAll(() => rmSync(root, { recursive: true }))

/** Runs a command on an input that stays open, and sends it the signal once it waits for a second line. */
async function stopped(signal: 'SIGINT' | 'SIGTERM', ...command: string[]): Promise<void> {
  const input = new Readable({ read: () => process.nextTick(() => process.emit(signal, signal)) })
  input.push('a\n')
  vi.spyOn(process, 'stdin', 'get').mockReturnValue(input as typeof process.stdin)
  vi.mocked(createMatcher).mockResolvedValue({
    info: { tasks: [{ name: 'dup', threshold: 0.5 }], vectors: { hidden: 2 } },
    embed: async (texts: readonly string[]) => new Float32Array(2 * texts.length),
    dispose: async () => undefined
  } as never)
  const program = new Command()
  addEmbed(program)
  addDedupe(program)
  await program.parseAsync([...command, '--model', '/none'], { from: 'user' })
  expect(input.destroyed).toBe(true)
}

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143]
] as const)(
  'stops embed and dedupe at %s while their input is silent, with %i and no file',
  async (signal, code) => {
    for (const command of [['embed'], ['embed', '--out', join(root, 'rows.npy')], ['dedupe']]) {
      process.exitCode = exitCode
      await stopped(signal, ...command)
      expect(process.exitCode).toBe(code)
    }
    expect(readdirSync(root)).toEqual([])
  },
  10_000
)
