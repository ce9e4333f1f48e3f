/** One training step against its matrix products alone and against other frameworks, in alternating processes: time, CPU time, memory. */
import { spawnSync } from 'node:child_process'
import { cpus, loadavg, totalmem } from 'node:os'
import { join } from 'node:path'
import { WORKLOADS } from '../src/profile/workload'
import { peersOf, runPeer, type Peer, type PeerRun } from './peers'
import type { WorkerReport } from './step-worker'
import { middle, type Timing } from './timing'
import { VARIANTS, type VariantName } from './variants'

/** Processes of each kind, steps in each, and sizes: node dist/bench/step.bench.js [rounds] [steps] [sizes, comma-separated]. */
const [ROUNDS, STEPS] = [Number(process.argv[2] ?? 3), Number(process.argv[3] ?? 3)]
type Size = keyof typeof WORKLOADS
const SIZES = (process.argv[4] ?? 'small,tiny,encoder').split(',') as Size[]

const print = (text: string): void => void process.stdout.write(`${text}\n`)

/** Recomputation is measured for its memory: at one size, in the first round. */
function variantsOf(size: Size, round: number): VariantName[] {
  const once = size === 'small' && round === 0
  return (Object.keys(VARIANTS) as VariantName[]).filter((name) => once || !name.includes('recompute'))
}

function work(size: string, names: readonly string[]): WorkerReport {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, 'step-worker.js'), size, names.join('|'), String(STEPS)],
    { encoding: 'utf8' }
  )
  if (status !== 0) throw new Error(`The worker of ${names.join(' | ')} failed: ${stderr}`)
  return JSON.parse(stdout) as WorkerReport
}

interface Measured {
  readonly timings: ReadonlyMap<string, readonly Timing[]>
  /** The last process of each variant. */
  readonly reports: ReadonlyMap<VariantName, WorkerReport>
  readonly peers: readonly { readonly peer: Peer; readonly runs: PeerRun[]; missing: string }[]
}

/** Each variant in processes of its own, so that none finds another's memory. */
function measure(size: Size): Measured {
  const timings = new Map<string, Timing[]>()
  const reports = new Map<VariantName, WorkerReport>()
  const peers = peersOf(size, STEPS).map((peer) => ({ peer, runs: [] as PeerRun[], missing: '' }))
  const record = (report: WorkerReport): WorkerReport => {
    for (const [name, more] of Object.entries(report.timings))
      timings.set(name, [...(timings.get(name) ?? []), ...more])
    return report
  }
  for (let round = 0; round < ROUNDS; round++) {
    record(work(size, ['products', 'products bfloat16']))
    for (const name of variantsOf(size, round)) reports.set(name, record(work(size, [name])))
    for (const entry of peers.filter(({ missing }) => missing === '')) {
      const run = runPeer(entry.peer)
      if (typeof run === 'string') entry.missing = run
      else entry.runs.push(run)
    }
  }
  return { timings, reports, peers }
}

/** Times with their ratios to the products and to PyTorch of the same precision, wall-clock and CPU time; then memory. */
function report(size: Size): void {
  const { layers, hidden, heads, vocabulary, pairs, tokens } = WORKLOADS[size]
  print(
    `\n${size}: ${layers} layers x ${hidden}, ${heads} heads, ${pairs} pairs x ${tokens} tokens, vocabulary ${vocabulary}; load ${loadavg()[0]!.toFixed(1)}`
  )
  const measured = measure(size)
  for (const line of timeLines(measured)) print(line)
  for (const line of memoryLines(measured)) print(line)
}

function timeLines({ timings, peers }: Measured): string[] {
  const ran = peers
    .filter(({ runs }) => runs.length > 0)
    .map(({ peer: { name }, runs }) => ({ name, timing: middle(runs.map(({ timing }) => timing)) }))
  const ours = new Map([...timings].map(([name, of]) => [name, middle(of)]))
  const ratio = (name: string, of: Timing, to: Timing): string =>
    `   ${name} ${(of.wall / to.wall).toFixed(2)}, ${(of.cpu / to.cpu).toFixed(2)}`
  const line = (name: string, timing: Timing): string => {
    const precision = name.includes('bfloat16') ? 'bfloat16' : 'float32'
    const products = ours.get(precision === 'bfloat16' ? 'products bfloat16' : 'products')!
    const same = ran.filter((peer) => peer.name.includes(precision) && peer.name !== name && name in VARIANTS)
    return [
      `${name.padEnd(32)}${timing.wall.toFixed(3)}  ${timing.cpu.toFixed(3)}`,
      ratio('x products', timing, products),
      ...(precision === 'bfloat16' && name in VARIANTS ? [ratio('x float32', timing, ours.get('float32')!)] : []),
      ...same.map((peer) => ratio(`${peer.name.replace(`, ${precision}`, '')} / this`, peer.timing, timing))
    ].join('')
  }
  return [
    ...[...ours].map(([name, timing]) => line(name, timing)),
    ...ran.map(({ name, timing }) => line(name, timing)),
    ...peers.flatMap(({ peer, missing }) => (missing === '' ? [] : [`${peer.name} left out: ${missing}`]))
  ]
}

function memoryLines({ reports, peers }: Measured): string[] {
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`
  return [
    ...[...reports].map(
      ([name, { peakRss, peakTensorBytes, reads }]) =>
        `memory, ${name.padEnd(32)} resident ${gigabytes(peakRss)} at most, tensors ${gigabytes(peakTensorBytes)}; ${reads} reads by the host`
    ),
    ...peers
      .filter(({ runs }) => runs.length > 0)
      .map(
        ({ peer, runs }) =>
          `memory, ${peer.name.padEnd(32)} resident ${gigabytes(Math.max(...runs.map(({ rss }) => rss)))} at most`
      )
  ]
}

print(
  `${cpus()[0]!.model}, ${cpus().length} processors, ${(totalmem() / 1e9).toFixed(0)} GB, load ${loadavg()[0]!.toFixed(1)}; Node ${process.version}`
)
print(`dropout, condition, dense Adam and average on; medians of ${ROUNDS} alternating processes x ${STEPS} steps`)
print(
  'seconds: wall-clock, CPU (user and system); then ratios of both. Tensors in bfloat16 are counted as if they were float32.'
)
for (const size of SIZES) report(size)
print(
  '\nbudgets of small: float32 <= 1.5 x products, 1.6 GB, bert4keras / it >= 1.2; float32, fused <= 1.25 x products, PyTorch / it >= 1.1; ' +
    'bfloat16, fused <= 0.62 x float32, 1.1 GB, PyTorch / it >= 1\n'
)
