import { InvalidArgumentError } from 'commander'

/** A flag's whole number of at least 1. Commander turns the error into its message. */
export function positive(text: string): number {
  return atLeast(1, text)
}

/** A flag's whole number of at least 0. */
export function natural(text: string): number {
  return atLeast(0, text)
}

/** The value below which a share `q` of `values` lies; NaN of none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN
}

function atLeast(least: number, text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < least || text.trim() === '')
    throw new InvalidArgumentError(`It must be a whole number of at least ${least}.`)
  return value
}
