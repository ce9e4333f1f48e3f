import { describe, expect, it } from 'vitest'
import { crossed } from './crossing'

describe('crossed', () => {
  it('assigns each source the closest allowed target, each target once', () => {
    const matches = [1, 2, 3, 4].map((n) => ({ source: `s${n}`, target: `t${n}` }))
    const closeness = (source: string, target: string) => (`${source}${target}` === 's1t3' ? 2 : 1)
    const negatives = crossed(matches, (source, target) => source.slice(1) !== target.slice(1), closeness)
    expect(negatives).toContainEqual({ source: 's1', target: 't3' })
    expect(negatives.map(({ source }) => source)).toEqual(['s1', 's2', 's3', 's4'])
    expect(negatives.map(({ target }) => target).sort()).toEqual(['t1', 't2', 't3', 't4'])
    for (const { source, target } of negatives) expect(source.slice(1)).not.toBe(target.slice(1))
  })

  it('does not make a pair in both orders, even if the two are closest to each other', () => {
    const matches = [0, 1, 2, 3].map((n) => ({ source: n, target: (n + 1) % 4 }))
    const isClose = (one: number, other: number) => [`0 2`, `2 0`, `1 3`, `3 1`].includes(`${one} ${other}`)
    const negatives = crossed(
      matches,
      (source, target) => source !== target,
      (source, target) => (isClose(source, target) ? 1 : 0)
    )
    const ways = negatives.map(({ source, target }) => [source, target].sort().join(' '))
    expect(new Set(ways).size).toBe(4)
  })
})
