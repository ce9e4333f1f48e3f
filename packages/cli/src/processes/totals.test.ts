import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { createTotals, type Counts } from './totals'

/** The metrics of a process that has answered some requests and waits for as many. */
async function counts(answered: number): Promise<Counts> {
  const registers = [new Registry()]
  new Counter({ name: 'answered', help: 'x', labelNames: ['route'], registers }).inc({ route: '/match' }, answered)
  new Gauge({ name: 'waiting', help: 'x', registers }).set(answered)
  const seconds = new Histogram({ name: 'seconds', help: 'x', buckets: [1, 2], registers })
  for (let i = 0; i < answered; i++) seconds.observe(1.5)
  return registers[0]!.getMetricsAsJSON()
}

const valueOf = (page: string, name: string): number | undefined => {
  const line = page.split('\n').find((one) => one.startsWith(`${name} `))
  return line === undefined ? undefined : Number(line.slice(name.length))
}

describe('metrics of several processes', () => {
  it('are added up, and counters never fall when a process ends', async () => {
    const totals = createTotals()
    const [one, other] = [{}, {}]
    totals.update(one, await counts(3))
    totals.update(other, await counts(4))
    totals.update(other, await counts(5)) // instead of its earlier counts
    let page = await totals.page()
    expect(valueOf(page, 'answered{route="/match"}')).toBe(8)
    expect(valueOf(page, 'waiting')).toBe(8)
    for (let i = 0; i < 3; i++) {
      totals.end(one)
      page = await totals.page()
      expect(valueOf(page, 'answered{route="/match"}')).toBe(8 + 3 * i)
      expect(valueOf(page, 'seconds_bucket{le="2"}')).toBe(8 + 3 * i)
      expect(valueOf(page, 'seconds_count')).toBe(8 + 3 * i)
      expect(valueOf(page, 'waiting')).toBe(5) // what has ended waits for nothing
      totals.update(one, await counts(3)) // its successor
    }
  })

  it('count a process once if it ends while the page is made', async () => {
    const totals = createTotals()
    totals.update(totals, await counts(3))
    const page = totals.page()
    totals.end(totals)
    expect(valueOf(await page, 'answered{route="/match"}')).toBe(3)
  })
})
