/** Lengths, or counts, whose costs are compared: linear work grows by 8 from one to the other, quadratic work by 64. */
export const [SHORT, LONG] = [2_000, 16_000] as const

/** Growth from SHORT to LONG that is still taken for linear. */
export const LINEAR = 30

/** Microseconds that count as the least that can be measured. */
const LEAST = 300

/** Processor time of this process in microseconds while some work is done: the least of some runs. */
async function cpuTime(work: () => unknown, runs: number): Promise<number> {
  let least = Infinity
  for (let i = 0; i < runs; i++) {
    const before = process.cpuUsage()
    await work()
    const { user, system } = process.cpuUsage(before)
    least = Math.min(least, user + system)
  }
  return least
}

/**
 * How many times the processor time of the short work the long work takes: a ratio, so that a slow or busy machine changes nothing. What
 * looks too long after a few runs is measured in five times as many: compilers, caches and garbage collection spoil some runs, but only
 * time that really grows spoils all.
 */
export async function growth(short: () => unknown, long: () => unknown, runs = 4): Promise<number> {
  await short()
  const ratio = async (times: number): Promise<number> =>
    (await cpuTime(long, times)) / Math.max(LEAST, await cpuTime(short, times))
  const first = await ratio(runs)
  return first < LINEAR ? first : ratio(5 * runs)
}
