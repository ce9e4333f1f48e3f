import type { Matcher, MatcherOptions } from '../src/index'
import { smallBiEncoder } from './small-model'

/** Ranks a query that is new each time over candidates with cached vectors; milliseconds, medians over rounds. */
export interface RankReport {
  readonly candidates: number
  readonly hidden: number
  readonly rounds: number
  /** CPU time of the whole process, including the worker that encodes the query. */
  readonly processorMs: number
  readonly wallMs: number
  /** CPU time of encoding the query alone. */
  readonly queryMs: number
}

const CANDIDATES = 10_000
const ROUNDS = 31
const TASK = 'A-ss'

/** Uses a bi-encoder of random weights with one layer of 512: its network is not the subject. */
export async function measureRank(
  root: string,
  createMatcher: (options: MatcherOptions) => Promise<Matcher>
): Promise<RankReport> {
  await using matcher = await createMatcher({ model: smallBiEncoder(root), device: 'cpu', workers: 1, threads: 1 })
  const candidates = Array.from({ length: CANDIDATES }, (_, i) => `第${i}条：今天北京天气晴朗，气温${i % 40}度`)
  for (let i = 0; i < CANDIDATES; i += 1_000) await matcher.embed(candidates.slice(i, i + 1_000), TASK)
  const rounds = []
  for (let round = 0; round < ROUNDS; round++) {
    const [start, startedAt] = [process.cpuUsage(), performance.now()]
    await matcher.rank(`第${round}次查询：明天适合外出吗`, candidates, TASK, { topK: 10 })
    const ranked = process.cpuUsage(start)
    const wall = performance.now() - startedAt
    const before = process.cpuUsage()
    await matcher.embed([`第${round}次编码：明天适合外出吗`], TASK)
    rounds.push({ processor: milliseconds(ranked), wall, query: milliseconds(process.cpuUsage(before)) })
  }
  return {
    candidates: CANDIDATES,
    hidden: matcher.info.vectors!.hidden,
    rounds: ROUNDS,
    processorMs: median(rounds.map(({ processor }) => processor)),
    wallMs: median(rounds.map(({ wall }) => wall)),
    queryMs: median(rounds.map(({ query }) => query))
  }
}

export function describeRank({ candidates, hidden, rounds, processorMs, wallMs, queryMs }: RankReport): string {
  return (
    `rank of a new query over ${candidates} cached vectors of ${hidden}: ${processorMs.toFixed(1)} ms of processor time, of which the ` +
    `query's encoding ${queryMs.toFixed(1)}; ${wallMs.toFixed(1)} ms wall; medians of ${rounds} (reach: 50 ms of processor time)`
  )
}

const milliseconds = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1000
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!
