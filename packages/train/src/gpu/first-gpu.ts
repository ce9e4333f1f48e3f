import { execFileSync } from 'node:child_process'

/** Runs `nvidia-smi`; throws if it is missing or fails. */
type Smi = (flags: readonly string[]) => string

const smi: Smi = (flags) =>
  execFileSync('nvidia-smi', flags, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 20_000 })

/**
 * A value that `nvidia-smi` reports for the first GPU: MiB of memory, or its compute capability (8.0: Ampere, 9.0:
 * Hopper). Undefined if the program is missing or fails, or if it reports `[N/A]`, as in some virtual machines.
 */
export function firstGpu(field: 'memory.total' | 'memory.used' | 'compute_cap', run = smi): number | undefined {
  try {
    const value = Number.parseFloat(run([`--query-gpu=${field}`, '--format=csv,noheader,nounits', '--id=0']))
    return Number.isNaN(value) ? undefined : value
  } catch {
    return undefined // the caller reports what is unknown without it
  }
}

/** Minimum compute capability for bfloat16 products: Ampere's. */
const BFLOAT16_CAPABILITY = 8

/** True for a GPU with tensor cores for bfloat16, or of unknown compute capability. */
export function gpuHasBfloat16(capability = firstGpu('compute_cap')): boolean {
  return capability === undefined || capability >= BFLOAT16_CAPABILITY
}
