import {
  AggregatorRegistry,
  Counter,
  Gauge,
  Registry,
  type MetricObjectWithValues,
  type MetricValue
} from 'prom-client'

/** The metrics of one process. */
export type Counts = MetricObjectWithValues<MetricValue<string>>[]

/** The metrics of all processes on one page: counters never fall when a process ends. */
export interface Totals {
  readonly reloads: Counter<'outcome'>
  readonly processes: Gauge
  /** Sets the latest counts of a process. */
  update(process: object, counts: Counts): void
  /** Keeps what a process that has ended had counted, and forgets the rest, such as its memory. */
  end(process: object): void
  page(): Promise<string>
}

/** prom-client's names of the metrics whose values only grow. */
const GROWING: readonly string[] = ['counter', 'histogram']

/** Adds up the processes of one server. */
export function createTotals(): Totals {
  const latest = new Map<object, Counts>()
  let ended: Promise<Counts> = Promise.resolve([])
  const registry = new Registry()
  const registers = [registry]

  async function all(): Promise<Counts[]> {
    const own = await registry.getMetricsAsJSON()
    for (;;) {
      const before = ended
      const sum = await before
      if (ended === before) return [sum, ...latest.values(), own] // else another process has ended meanwhile
    }
  }

  return {
    reloads: new Counter({
      name: 'sohu_match_reloads_total',
      help: 'Rolling restarts on a model folder, by outcome.',
      labelNames: ['outcome'],
      registers
    }),
    processes: new Gauge({ name: 'sohu_match_processes', help: 'Processes that serve.', registers }),
    update: (process, counts) => void latest.set(process, counts),
    end(process) {
      const counts = latest.get(process)?.filter(({ type }) => GROWING.includes(String(type)))
      latest.delete(process)
      if (counts) ended = ended.then((sum) => AggregatorRegistry.aggregate([sum, counts]).getMetricsAsJSON())
    },
    page: async () => AggregatorRegistry.aggregate(await all()).metrics()
  }
}
