import { availableParallelism, cpus } from 'node:os'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Matcher, Pair } from '@sohu-match/sdk-node'

/** Times are in milliseconds. */
export interface BenchReport {
  readonly machine: string
  readonly model: string
  readonly device: string
  readonly dtype: string
  readonly workers: number
  readonly threads: number
  /** One pair at a time, by number of tokens. */
  readonly single: readonly { readonly tokens: number; readonly p50: number; readonly p95: number }[]
  /** Pairs of mixed length in one call. */
  readonly mixed: { readonly pairs: number; readonly pairsPerSecond: number; readonly tokensPerSecond: number }
  /** Event loop delay of this process during the mixed run. */
  readonly eventLoopP99: number
}

/** Common words to fill texts with. */
const SENTENCE = '今天上午记者从会议上了解到，公司将在明年推出新的产品，并与多家企业展开合作。'

/** Measures single pairs by length, then pairs of mixed length. `runs` is the number of runs of each single pair. */
export async function benchMatcher(matcher: Matcher<string>, runs: number, pairs: number): Promise<BenchReport> {
  const { info } = matcher
  const task = info.tasks[0]!.name
  const single = []
  for (const characters of [24, 80, 200, 420]) {
    const text = SENTENCE.repeat(Math.ceil(characters / SENTENCE.length)).slice(0, characters)
    const other = text.slice(1) + text[0]! // a bi-encoder would encode the same text only once
    const { tokenCount } = await matcher.match(text, other, task)
    const times: number[] = []
    for (let run = 0; run < runs; run++) {
      const start = performance.now()
      await matcher.match(text, other, task)
      times.push(performance.now() - start)
    }
    single.push({ tokens: tokenCount, p50: quantile(times, 0.5), p95: quantile(times, 0.95) })
  }
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const start = performance.now()
  const results = await matcher.matchMany(mixedPairs(pairs, task))
  const seconds = (performance.now() - start) / 1000
  delay.disable()
  const tokens = results.reduce((sum, { tokenCount }) => sum + tokenCount, 0)
  return {
    machine: `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${availableParallelism()} processors, Node ${process.versions.node}`,
    model: info.model,
    device: info.device,
    dtype: info.dtype,
    workers: info.workers,
    threads: info.threads,
    single,
    mixed: { pairs, pairsPerSecond: pairs / seconds, tokensPerSecond: tokens / seconds },
    eventLoopP99: delay.percentile(99) / 1e6
  }
}

/** A few to some hundred characters long, always the same. */
function mixedPairs(count: number, task: string): Pair<string>[] {
  return Array.from({ length: count }, (_, i) => {
    const length = 10 + ((i * 7_919) % 300)
    const text = SENTENCE.repeat(8).slice(i % 20, (i % 20) + length)
    return { a: `${i}${text}`, b: text, task }
  })
}

export function describeReport(report: BenchReport): string {
  const { single, mixed } = report
  return [
    `${report.model}: ${report.dtype} on ${report.device}, ${report.workers} worker(s) x ${report.threads} thread(s); ${report.machine}`,
    ...single.map(
      ({ tokens, p50, p95 }) =>
        `  one pair of ${String(tokens).padStart(4)} tokens   p50 ${p50.toFixed(1)} ms   p95 ${p95.toFixed(1)} ms`
    ),
    `  ${mixed.pairs} pairs of mixed length   ${mixed.pairsPerSecond.toFixed(0)} pairs/s   ${mixed.tokensPerSecond.toFixed(0)} tokens/s`,
    `  event loop delay meanwhile   p99 ${report.eventLoopP99.toFixed(1)} ms`
  ].join('\n')
}

/** NaN without values. */
function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN
}
