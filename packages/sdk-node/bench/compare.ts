import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { BenchPair } from './pairs'
import type { Side } from './sides'

/** One pair, judged repeatedly by each side in turn. The first side is the baseline. */
export interface SingleReport {
  readonly tokens: number
  readonly sides: readonly { readonly name: string; readonly ms: number; readonly ratio: number }[]
}

/** Many pairs; medians over rounds. */
export interface MixedReport {
  readonly pairs: number
  readonly tokens: number
  readonly rounds: number
  readonly sides: readonly {
    readonly name: string
    readonly pairsPerSecond: number
    readonly ratio: number
    readonly eventLoopP99: number
  }[]
}

/** Warm-up runs of each side. */
const WARM_UP = 5

/** Rounds of the mixed pairs; every side scores a round before the next one begins. */
const ROUNDS = 5

/** Batch neighbors and other kernels change float32 rounding; in int8 that can move a value by one of 127 levels. */
const SCORE_TOLERANCE = 5e-3

/** For the same kernels on the same single pair. */
const SAME_SCORE = 1e-6

const median = (values: readonly number[]): number => [...values].sort((one, other) => one - other)[values.length >> 1]!

/** Median milliseconds per pair. Throws if the scores differ. */
export async function compareSingle(sides: readonly Side[], pair: BenchPair, runs: number): Promise<SingleReport> {
  const times = sides.map((): number[] => [])
  for (let run = -WARM_UP; run < runs; run++) {
    const answers: Awaited<ReturnType<Side['score']>>[] = []
    for (const side of sides) answers.push(await side.score([pair]))
    checkScores(
      sides,
      answers.map(({ scores }) => scores),
      SAME_SCORE
    )
    if (run >= 0) answers.forEach(({ ms }, i) => times[i]!.push(ms))
  }
  const first = median(times[0]!)
  return {
    tokens: pair.ready.tokenIds.length,
    sides: sides.map(({ name }, i) => ({ name, ms: median(times[i]!), ratio: median(times[i]!) / first }))
  }
}

/** Pairs per second and event loop delay. Each round begins with another side. Throws if the scores differ. */
export async function compareMixed(sides: readonly Side[], pairs: readonly BenchPair[]): Promise<MixedReport> {
  const rates = sides.map((): number[] => [])
  const delays = sides.map(() => monitorEventLoopDelay({ resolution: 1 }))
  for (const side of sides) await side.score(pairs.slice(0, WARM_UP))
  for (let round = 0; round < ROUNDS; round++) {
    const part = pairs.filter((_, i) => i % ROUNDS === round)
    const scores: (readonly number[])[] = []
    for (let turn = 0; turn < sides.length; turn++) {
      const i = (turn + round) % sides.length
      delays[i]!.enable()
      const answer = await sides[i]!.score(part)
      delays[i]!.disable()
      scores[i] = answer.scores
      rates[i]!.push((part.length * 1000) / answer.ms)
    }
    checkScores(sides, scores, SCORE_TOLERANCE)
  }
  return {
    pairs: pairs.length,
    rounds: ROUNDS,
    tokens: pairs.reduce((sum, { ready }) => sum + ready.tokenIds.length, 0) / pairs.length,
    sides: sides.map(({ name }, i) => ({
      name,
      pairsPerSecond: median(rates[i]!),
      ratio: median(rates[i]!.map((rate, round) => rate / rates[0]![round]!)),
      eventLoopP99: delays[i]!.percentile(99) / 1e6
    }))
  }
}

/** Throws if scores differ from the first side's by more than `tolerance`, or for another graph by SCORE_TOLERANCE. */
function checkScores(sides: readonly Side[], scores: readonly (readonly number[])[], tolerance: number): void {
  scores.forEach((own, i) =>
    own.forEach((score, pair) => {
      const difference = Math.abs(score - scores[0]![pair]!)
      if (!(difference <= (sides[i]!.sameKernels ? tolerance : SCORE_TOLERANCE)))
        throw new Error(
          `${sides[i]!.name} gives pair ${pair} the score ${score}, ${sides[0]!.name} ${scores[0]![pair]}.`
        )
    })
  )
}

/** Memory of this process after the 5th and the 20th run of `work`. */
export async function residentMegabytes(work: () => Promise<void>): Promise<number[]> {
  const found: number[] = []
  for (let run = 1; run <= 20; run++) {
    await work()
    if (run === 5 || run === 20) found.push(process.memoryUsage.rss() / 1e6)
  }
  return found
}
