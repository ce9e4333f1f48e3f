import type { OpRecord, Recording } from './record-ops'

export interface OpGroup {
  readonly name: string
  readonly calls: number
  /** Milliseconds. */
  readonly time: number
  /** Bytes written. */
  readonly bytes: number
}

/** Sorted by time, the slowest first. */
export function groupOps(ops: readonly OpRecord[], nameOf: (op: OpRecord) => string): OpGroup[] {
  const groups = new Map<string, { calls: number; time: number; bytes: number }>()
  for (const op of ops) {
    const name = nameOf(op)
    const group = groups.get(name) ?? { calls: 0, time: 0, bytes: 0 }
    groups.set(name, { calls: group.calls + 1, time: group.time + op.duration / 1000, bytes: group.bytes + op.bytes })
  }
  return [...groups].map(([name, group]) => ({ name, ...group })).sort((a, b) => b.time - a.time)
}

/** Milliseconds outside all operations: JavaScript and the calls into TensorFlow. */
export function timeBetweenOps({ ops, duration }: Recording<unknown>): number {
  return (duration - ops.reduce((sum, op) => sum + op.duration, 0)) / 1000
}

/**
 * Chrome's trace event format (chrome://tracing, ui.perfetto.dev): kernels above their operations, live bytes as a
 * counter.
 */
export function chromeTrace({ ops }: Recording<unknown>): { traceEvents: object[]; displayTimeUnit: 'ms' } {
  const at = { pid: 1, tid: 1 }
  const calls = ops.map(({ op, phase, kernel, shapes, start, duration, bytes }) => ({
    ...at,
    ph: 'X',
    name: op,
    cat: phase,
    ts: start,
    dur: duration,
    args: { kernel, shapes, bytes }
  }))
  const live = ops.map(({ start, duration, liveBytes }) => ({
    ...at,
    ph: 'C',
    name: 'tensor bytes',
    ts: start + duration,
    args: { bytes: liveBytes }
  }))
  return {
    traceEvents: [...kernelSpans(ops).map((span) => ({ ...at, ph: 'X', ...span })), ...calls, ...live],
    displayTimeUnit: 'ms'
  }
}

/** Consecutive operations of the same kernel and phase, as one span each. */
function kernelSpans(ops: readonly OpRecord[]): { name: string; cat: string; ts: number; dur: number }[] {
  const spans: { name: string; cat: string; ts: number; dur: number }[] = []
  for (const { kernel, phase, start, duration } of ops) {
    const open = spans.at(-1)
    if (open && open.name === kernel && open.cat === phase) open.dur = start + duration - open.ts
    else spans.push({ name: kernel, cat: phase, ts: start, dur: duration })
  }
  return spans
}
