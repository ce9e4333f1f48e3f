import { execFileSync } from 'node:child_process'

/** Runs `nvidia-smi`; throws where it is not installed or fails. */
type Smi = (flags: readonly string[]) => string

const smi: Smi = (flags) =>
  execFileSync('nvidia-smi', flags, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 20_000 })

/**
 * A number that `nvidia-smi` reports of the first GPU: MiB of memory, or its compute capability (8.0: Ampere, 9.0: Hopper). Undefined where
 * the program is not installed or fails, and where it reports `[N/A]`, as in some virtual machines.
 */
export function firstGpu(field: 'memory.total' | 'memory.used' | 'compute_cap', run = smi): number | undefined {
  try {
    const value = Number.parseFloat(run([`--query-gpu=${field}`, '--format=csv,noheader,nounits', '--id=0']))
    return Number.isNaN(value) ? undefined : value
  } catch {
    return undefined // the caller says what it cannot know without it
  }
}

/** The compute capability from which NVIDIA's GPUs multiply bfloat16 numbers: Ampere's. */
const BFLOAT16_CAPABILITY = 8

/** True for a GPU with tensor cores for bfloat16, and for one whose compute capability is not known. */
export function gpuHasBfloat16(capability = firstGpu('compute_cap')): boolean {
  return capability === undefined || capability >= BFLOAT16_CAPABILITY
}
