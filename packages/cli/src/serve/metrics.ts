import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

/** The server's metrics in a registry of their own, so that two servers in one process do not mix. */
export interface Metrics {
  readonly registry: Registry
  readonly requests: Counter<'route' | 'status'>
  readonly seconds: Histogram<'route'>
  readonly pairs: Counter<'task'>
  readonly tokens: Counter
  readonly truncated: Counter
  readonly waiting: Gauge
}

/** Seconds, from a cached tiny model to a long queue. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** Includes those of the process. */
export function createMetrics(): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  return {
    registry,
    requests: new Counter({
      name: 'sohu_match_requests_total',
      help: 'Answers by route and status.',
      labelNames: ['route', 'status'],
      registers
    }),
    seconds: new Histogram({
      name: 'sohu_match_request_seconds',
      help: 'Time from request to answer.',
      labelNames: ['route'],
      buckets: BUCKETS,
      registers
    }),
    pairs: new Counter({
      name: 'sohu_match_pairs_total',
      help: 'Pairs judged, by task.',
      labelNames: ['task'],
      registers
    }),
    tokens: new Counter({ name: 'sohu_match_tokens_total', help: 'Tokens read, padding not counted.', registers }),
    truncated: new Counter({
      name: 'sohu_match_truncated_pairs_total',
      help: 'Pairs that were cut to the maximum length.',
      registers
    }),
    waiting: new Gauge({ name: 'sohu_match_waiting_pairs', help: 'Pairs accepted and unanswered.', registers })
  }
}
