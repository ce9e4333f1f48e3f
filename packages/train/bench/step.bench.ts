/** One training step against its matrix products alone and against other frameworks, in alternating processes: time, CPU time, memory. */
import { spawnSync } from 'node:child_process'
import { cpus, loadavg, totalmem } from 'node:os'
import { join } from 'node:path'
import { WORKLOADS } from '../src/profile/workload'
import { peersOf, runPeer, type PeerRun } from './peers'
import type { Timing, WorkerReport } from './step-worker'
import { VARIANTS, type VariantName } from './variants'

/** Processes of each kind, steps in each, and sizes: node dist/bench/step.bench.js [rounds] [steps] [sizes, comma-separated]. */
const [ROUNDS, STEPS] = [Number(process.argv[2] ?? 3), Number(process.argv[3] ?? 5)]
const SIZES = (process.argv[4] ?? 'small,tiny,encoder').split(',') as (keyof typeof WORKLOADS)[]
const NAMES = Object.keys(VARIANTS) as VariantName[]

const print = (text: string): void => void process.stdout.write(`${text}\n`)
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!
const middle = (timings: readonly Timing[]): Timing => ({
  wall: median(timings.map(({ wall }) => wall)),
  cpu: median(timings.map(({ cpu }) => cpu))
})

function work(size: string, names: readonly string[], steps: number): WorkerReport {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, 'step-worker.js'), size, names.join('|'), String(steps)],
    { encoding: 'utf8' }
  )
  if (status !== 0) throw new Error(`The worker of ${names.join(' | ')} failed: ${stderr}`)
  return JSON.parse(stdout) as WorkerReport
}

/** Each variant in processes of its own, so that none finds another's memory. */
function measure(size: keyof typeof WORKLOADS) {
  const timings: Record<string, Timing[]> = {}
  const peers = peersOf(size).map((peer) => ({ peer, runs: [] as PeerRun[], missing: '' }))
  for (let round = 0; round < ROUNDS; round++) {
    for (const names of [['products', 'products bfloat16'], ...NAMES.map((name) => [name])])
      for (const [name, more] of Object.entries(work(size, names, STEPS).timings)) (timings[name] ??= []).push(...more)
    for (const entry of peers.filter(({ missing }) => missing === '')) {
      const run = runPeer(entry.peer)
      if (typeof run === 'string') entry.missing = run
      else entry.runs.push(run)
    }
  }
  return { timings, peers }
}

/** Ratios to the products and to PyTorch of the same precision, wall-clock and CPU time. */
function report(size: keyof typeof WORKLOADS): void {
  const { layers, hidden, heads, vocabulary, pairs, tokens } = WORKLOADS[size]
  print(
    `\n${size}: ${layers} layers x ${hidden}, ${heads} heads, ${pairs} pairs x ${tokens} tokens, vocabulary ${vocabulary}`
  )
  const { timings, peers } = measure(size)
  const ran = peers
    .filter(({ runs }) => runs.length > 0)
    .map(({ peer: { name }, runs }) => ({ name, ...middle(runs.map(({ timing }) => timing)) }))
  const ratio = (name: string, of: Timing, to: Timing): string =>
    `   ${name} ${(of.wall / to.wall).toFixed(2)}, ${(of.cpu / to.cpu).toFixed(2)}`
  const line = (name: string, timing: Timing): string => {
    const precision = name.includes('bfloat16') ? 'bfloat16' : 'float32'
    const products = middle(timings[precision === 'bfloat16' ? 'products bfloat16' : 'products']!)
    const same = ran.filter((peer) => peer.name.endsWith(precision) && peer.name !== name)
    const against = same.map((peer) => ratio(`${peer.name.split(',')[0]} / this`, peer, timing))
    return `${name.padEnd(30)}${timing.wall.toFixed(3)}  ${timing.cpu.toFixed(3)}${ratio('x products', timing, products)}${against.join('')}`
  }
  for (const [name, of] of Object.entries(timings)) print(line(name, middle(of)))
  for (const { name, ...timing } of ran) print(line(name, timing))
  for (const { peer, missing } of peers) if (missing !== '') print(`${peer.name} left out: ${missing}`)
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`
  for (const name of NAMES) {
    const { peakRss, peakTensorBytes, reads } = work(size, [name], 3)
    print(
      `memory, ${name.padEnd(30)} resident ${gigabytes(peakRss)} at most, tensors ${gigabytes(peakTensorBytes)}; ${reads} reads by the host`
    )
  }
  for (const { peer, runs } of peers.filter(({ runs }) => runs.length > 0))
    print(`memory, ${peer.name.padEnd(30)} resident ${gigabytes(Math.max(...runs.map(({ rss }) => rss)))} at most`)
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
