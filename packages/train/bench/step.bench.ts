/** One training step against the matrix products alone and against two other frameworks, in alternating runs: time, processor time, memory. */
import { spawnSync } from 'node:child_process'
import { cpus, loadavg, totalmem } from 'node:os'
import { join } from 'node:path'
import { SMALL } from '../src/profile/workload'
import { PEERS, runPeer, type PeerRun } from './peers'
import type { Timing, WorkerReport } from './step-worker'

/** Processes of each kind, and steps in each: node dist/bench/step.bench.js [rounds] [steps]. */
const [ROUNDS, STEPS] = [Number(process.argv[2] ?? 3), Number(process.argv[3] ?? 5)]
const MODES = ['none', 'attention', 'layer'] as const

const print = (text: string): void => void process.stdout.write(`${text}\n`)
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!
const middle = (timings: readonly Timing[]): Timing => ({
  wall: median(timings.map(({ wall }) => wall)),
  cpu: median(timings.map(({ cpu }) => cpu))
})

function work(modes: string, steps: number, padding = 0): WorkerReport {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, 'step-worker.js'), 'small', modes, String(steps), String(padding)],
    { encoding: 'utf8' }
  )
  if (status !== 0) throw new Error(`The worker of ${modes} failed: ${stderr}`)
  return JSON.parse(stdout) as WorkerReport
}

const { layers, hidden, heads, vocabulary, pairs, tokens } = SMALL
print(
  `${cpus()[0]!.model}, ${cpus().length} processors, ${(totalmem() / 1e9).toFixed(0)} GB, load ${loadavg()[0]!.toFixed(1)}; Node ${process.version}`
)
print(
  `${layers} layers x ${hidden}, ${heads} heads, ${pairs} pairs x ${tokens} tokens, vocabulary ${vocabulary}; float32; dropout, condition, Adam and EMA on`
)
print(`medians of ${ROUNDS} alternating processes x ${STEPS} steps; seconds: wall, processor\n`)

const steps: Record<string, Timing[]> = {}
const products: Timing[] = []
const peers = PEERS.map((peer) => ({ peer, runs: [] as PeerRun[], missing: '' }))
for (let round = 0; round < ROUNDS; round++) {
  const report = work(`${MODES.join()},products`, STEPS)
  for (const mode of MODES) (steps[mode] ??= []).push(...report.steps[mode]!)
  products.push(...report.products)
  for (const entry of peers.filter(({ missing }) => missing === '')) {
    const run = runPeer(entry.peer)
    if (typeof run === 'string') entry.missing = run
    else entry.runs.push(run)
  }
}

const bound = middle(products)
const measured = peers
  .filter(({ runs }) => runs.length > 0)
  .map(({ peer: { name }, runs }) => ({ name, ...middle(runs.map(({ timing }) => timing)) }))
const line = (name: string, { wall, cpu }: Timing): string => {
  const against = measured.map(
    (peer) => `   ${peer.name.split(' ')[0]} / this ${(peer.wall / wall).toFixed(2)}, ${(peer.cpu / cpu).toFixed(2)}`
  )
  return `${name.padEnd(26)}${wall.toFixed(3)}  ${cpu.toFixed(3)}   x products ${(wall / bound.wall).toFixed(2)}, ${(cpu / bound.cpu).toFixed(2)}${against.join('')}`
}
print(line('matrix products alone', bound))
for (const mode of MODES) print(line(`step, recompute ${mode}`, middle(steps[mode]!)))
for (const peer of measured) print(line(peer.name, peer))
for (const { peer, missing } of peers) if (missing !== '') print(`${peer.name} left out: ${missing}`)
print('budgets: step <= 1.5 x products; bert4keras / step >= 1.2\n')

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`
for (const mode of MODES) {
  const { peakRss, peakTensorBytes, reads } = work(mode, 3)
  print(
    `memory, recompute ${mode.padEnd(10)} resident ${gigabytes(peakRss)} at most (budget 1.6 GB without), tensors ${gigabytes(peakTensorBytes)}; ${reads} reads by the host`
  )
}
for (const { peer, runs } of peers) {
  if (runs.length > 0)
    print(`memory, ${peer.name.padEnd(20)} resident ${gigabytes(Math.max(...runs.map(({ rss }) => rss)))} at most`)
}
