import { expect, it } from 'vitest'
import { withOverall } from './overall'
import type { LoadProgress } from './types'

it('adds up the bytes of all files, and never falls when a file starts again or is compiled', () => {
  const seen: LoadProgress[] = []
  const files = [
    { file: 'graph', bytes: 100 },
    { file: 'vocab', bytes: 10 }
  ]
  const report = withOverall(files, (progress) => seen.push(progress))
  const steps = [
    ['download', 'graph', 60],
    ['verify', 'vocab', 10],
    ['download', 'graph', 5],
    ['download', 'graph', 100],
    ['compile', 'graph', 0]
  ] as const
  for (const [phase, file, loaded] of steps) report({ phase, file, loaded, total: file === 'graph' ? 100 : 10 })
  expect(seen.map(({ overall }) => overall.loaded)).toEqual([60, 70, 70, 110, 110])
  expect(new Set(seen.map(({ overall }) => overall.total))).toEqual(new Set([110]))
  expect(seen[2]).toMatchObject({ phase: 'download', file: 'graph', loaded: 5, total: 100 })
})
