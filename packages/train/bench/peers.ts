import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { WORKLOADS } from '../src/profile/workload'
import type { Timing } from './timing'

type WorkloadName = keyof typeof WORKLOADS

/** The package's folder: the bundled script runs from dist/bench. */
const root = join(import.meta.dirname, '../..')

/** The same step in another framework: a Python script that prints one JSON line. */
export interface Peer {
  readonly name: string
  readonly script: string
  readonly flags: readonly string[]
  /** The environment variable that names its Python, and what that must have. */
  readonly variable: string
  readonly needs: string
}

/** What the step of a size is measured against, where it is installed; torch.compile at one size, as it compiles for a minute. */
export function peersOf(size: WorkloadName, steps: number): readonly Peer[] {
  const threads = String(cpus().length)
  const torch = (precision: string, mode: 'eager' | 'compile' = 'eager'): Peer => ({
    name: mode === 'eager' ? `PyTorch, ${precision}` : `torch.compile, ${precision}`,
    script: join(root, 'bench/torch_peer.py'),
    flags: [threads, String(steps), size, precision, 'cpu', mode],
    variable: 'TORCH_PYTHON',
    needs: 'torch'
  })
  const keras: Peer = {
    name: 'bert4keras, float32',
    script: join(root, '../../../shared/bench/keras_reference.py'),
    flags: ['small', 'train', threads],
    variable: 'PYTHON',
    needs: 'tensorflow-cpu 2.18, tf-keras 2.18 and bert4keras 0.10.5'
  }
  const eager = [torch('float32'), torch('bfloat16')]
  return size === 'small' ? [keras, ...eager, torch('float32', 'compile'), torch('bfloat16', 'compile')] : eager
}

/** Longest time of one process, compiling included: a peer that needs more is left out. In milliseconds. */
const LIMIT = 240_000

/** What torch.compile made, for the next process of this bench. */
const compiled = mkdtempSync(join(tmpdir(), 'step-bench-'))
process.on('exit', () => rmSync(compiled, { recursive: true, force: true }))

/** Median seconds of a step, and bytes resident at most. */
export interface PeerRun {
  readonly timing: Timing
  readonly rss: number
}

/** One process of a peer, or why there is none. */
export function runPeer({ script, flags, variable, needs }: Peer): PeerRun | string {
  const python = process.env[variable] ?? process.env['PYTHON'] ?? 'python3'
  if (!existsSync(script)) return `${script} is not there`
  const env = { ...process.env, TORCHINDUCTOR_CACHE_DIR: compiled }
  const { status, stdout, stderr, error } = spawnSync(python, [script, ...flags], {
    encoding: 'utf8',
    env,
    timeout: LIMIT
  })
  if (error && 'code' in error && error.code === 'ETIMEDOUT') return `it took more than ${LIMIT / 1000} s`
  if (status !== 0)
    return `${python}: ${error?.message ?? stderr.trim().split('\n').at(-1)}; it must have ${needs} (name another by ${variable})`
  const {
    step_s_median: wall,
    cpu_s_median: cpu,
    max_rss_mb
  } = JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, number>
  return { timing: { wall: wall!, cpu: cpu! }, rss: max_rss_mb! * 2 ** 20 }
}
