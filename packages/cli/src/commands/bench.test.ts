import { Command } from 'commander'
import { expect, it, vi } from 'vitest'
import { createMatcher, type Pair } from '@sohu-match/sdk-node'
import { addBench } from './bench'

vi.mock(import('@sohu-match/sdk-node'), async (actual) => ({ ...(await actual()), createMatcher: vi.fn() }))

it('measures the network: a bi-encoder remembers no vectors, and single pairs are of two texts', async () => {
  const result = { tokenCount: 9 }
  const match = vi.fn(async (_a: string, _b: string) => result)
  vi.mocked(createMatcher).mockResolvedValue({
    info: { tasks: [{ name: 'dup' }] },
    match,
    matchMany: async (pairs: readonly Pair[]) => pairs.map(() => result),
    dispose: async () => undefined
  } as never)
  const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  const program = new Command()
  addBench(program)
  await program.parseAsync(['bench', '--model', '/none', '--runs', '2', '--pairs', '3', '--json'], { from: 'user' })
  written.mockRestore()
  expect(createMatcher).toHaveBeenCalledWith(expect.objectContaining({ cacheSize: 0 }))
  for (const [a, b] of match.mock.calls) expect([b.length, b === a]).toEqual([a.length, false])
})
