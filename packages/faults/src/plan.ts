import { appendFileSync } from 'node:fs'
import { createRandom, type Random } from '@sohu-match/training/random'

const { FAULTS, FAULTS_SEED, FAULTS_CASE, FAULTS_RESULTS } = process.env

/** Seed of all random choices; printed by tools/run.mjs. */
export const SEED = Number(FAULTS_SEED ?? 1)

/** Number of repetitions of a check: the full one before a release, the short one for every change. */
export function counts(full: number, short: number): number {
  return FAULTS === 'full' ? full : short
}

/** Whether a single case was requested. */
export const REPLAYED = Boolean(FAULTS_CASE)

/** The case numbers of a check: all, or the requested one. */
export function cases(count: number): number[] {
  return REPLAYED ? [Number(FAULTS_CASE)] : Array.from({ length: count }, (_, index) => index)
}

/** Random choices of one case: the same for the same seed, whatever ran before. */
export function randomOf(check: string, index: number): Random {
  return createRandom(SEED, check, index)
}

/** Runs a check and adds a line to the table that is printed at the end; `work` returns the count and the result. */
export async function record(
  check: string,
  work: () => Promise<{ readonly count: number; readonly result: string }>
): Promise<void> {
  const started = performance.now()
  const row = (count: number | string, result: string): void => {
    const seconds = Math.round((performance.now() - started) / 1000)
    if (FAULTS_RESULTS) appendFileSync(FAULTS_RESULTS, `${JSON.stringify({ check, count, result, seconds })}\n`)
  }
  try {
    const { count, result } = await work()
    row(count, result)
  } catch (error) {
    row('', 'FAILED')
    throw error
  }
}

/** An error of one case that says how to reproduce it. */
export function caseError(check: string, index: number, found: string): Error {
  return new Error(`${found} [again: --seed ${SEED} --only ${check} --case ${index}]`)
}
