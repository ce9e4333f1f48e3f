/** Seconds of one run. */
export interface Timing {
  readonly wall: number
  /** User and system. */
  readonly cpu: number
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!
}

/** The median of each clock. */
export function middle(timings: readonly Timing[]): Timing {
  return { wall: median(timings.map(({ wall }) => wall)), cpu: median(timings.map(({ cpu }) => cpu)) }
}

export async function timed(run: () => unknown): Promise<Timing> {
  const [start, used] = [performance.now(), process.cpuUsage()]
  await run()
  const { user, system } = process.cpuUsage(used)
  return { wall: (performance.now() - start) / 1e3, cpu: (user + system) / 1e6 }
}
