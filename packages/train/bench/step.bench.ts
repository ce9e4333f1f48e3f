/** One training step against the matrix products alone and against bert4keras, in alternating runs: time, processor time, memory. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { join } from 'node:path'
import { SMALL } from '../src/profile/workload'
import type { Timing, WorkerReport } from './step-worker'

/** Processes of each kind, and steps in each: node dist/bench/step.bench.js [rounds] [steps]. */
const [ROUNDS, STEPS] = [Number(process.argv[2] ?? 3), Number(process.argv[3] ?? 5)]
const MODES = ['none', 'attention', 'layer'] as const
/** The package's folder: the bundled script runs from dist/bench. */
const root = join(import.meta.dirname, '../..')
const reference = join(root, '../../../shared/bench/keras_reference.py')

const print = (text: string): void => void process.stdout.write(`${text}\n`)
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!
const middle = (timings: readonly Timing[]): Timing => ({ wall: median(timings.map(({ wall }) => wall)), cpu: median(timings.map(({ cpu }) => cpu)) })

function work(modes: string, steps: number, padding = 0): WorkerReport {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, 'step-worker.js'), 'small', modes, String(steps), String(padding)],
    { encoding: 'utf8' })
  if (status !== 0) throw new Error(`The worker of ${modes} failed: ${stderr}`)
  return JSON.parse(stdout) as WorkerReport
}

/** One run of the reference, or why there is none. */
function keras(): { timing: Timing; rss: number } | string {
  const python = process.env['PYTHON'] ?? 'python3'
  if (!existsSync(reference)) return `${reference} is not there`
  const { status, stdout, error } = spawnSync(python, [reference, 'small', 'train', String(cpus().length)], { encoding: 'utf8' })
  if (status !== 0) return error?.message ?? `${python} has no tensorflow-cpu 2.18, tf-keras 2.18 and bert4keras 0.10.5 (name another by PYTHON)`
  const { step_s_median: wall, cpu_s_median: cpu, max_rss_mb } = JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, number>
  return { timing: { wall: wall!, cpu: cpu! }, rss: max_rss_mb! * 2 ** 20 }
}

const { layers, hidden, heads, vocabulary, pairs, tokens } = SMALL
print(`${cpus()[0]!.model}, ${cpus().length} processors, ${(totalmem() / 1e9).toFixed(0)} GB, load ${loadavg()[0]!.toFixed(1)}; Node ${process.version}`)
print(`${layers} layers x ${hidden}, ${heads} heads, ${pairs} pairs x ${tokens} tokens, vocabulary ${vocabulary}; float32; dropout, condition, Adam and EMA on`)
print(`medians of ${ROUNDS} alternating processes x ${STEPS} steps; seconds: wall, processor\n`)

const steps: Record<string, Timing[]> = {}
const products: Timing[] = []
const peers: { timing: Timing; rss: number }[] = []
let missing = ''
for (let round = 0; round < ROUNDS; round++) {
  const report = work(`${MODES.join()},products`, STEPS)
  for (const mode of MODES) (steps[mode] ??= []).push(...report.steps[mode]!)
  products.push(...report.products)
  const peer = missing === '' ? keras() : missing
  if (typeof peer === 'string') missing = peer
  else peers.push(peer)
}

const bound = middle(products)
const peer = peers.length > 0 ? middle(peers.map(({ timing }) => timing)) : undefined
const line = (name: string, { wall, cpu }: Timing): string => {
  const against = peer ? `   Keras / this ${(peer.wall / wall).toFixed(2)}, ${(peer.cpu / cpu).toFixed(2)}` : ''
  return `${name.padEnd(34)}${wall.toFixed(3)}  ${cpu.toFixed(3)}   x products ${(wall / bound.wall).toFixed(2)}, ${(cpu / bound.cpu).toFixed(2)}${against}`
}
print(line('matrix products alone', bound))
for (const mode of MODES) print(line(`step, recompute ${mode}`, middle(steps[mode]!)))
print(peer ? line('bert4keras (graph, same TensorFlow)', peer) : `bert4keras left out: ${missing}`)
print('budgets: step <= 1.5 x products; Keras / step >= 1.2\n')

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`
for (const mode of MODES) {
  const { peakRss, peakTensorBytes, reads } = work(mode, 3)
  print(`memory, recompute ${mode.padEnd(10)} resident ${gigabytes(peakRss)} at most (budget 1.6 GB without), tensors ${gigabytes(peakTensorBytes)}; ${reads} reads by the host`)
}
if (peers.length > 0) print(`memory, bert4keras           resident ${gigabytes(Math.max(...peers.map(({ rss }) => rss)))} at most`)
