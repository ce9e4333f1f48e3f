import { MatcherError } from '@sohu-match/core'

/** Factors of the learning rate by prefix of parameter names, or by suffix after a `*`. */
export type RateFactors = Readonly<Record<string, number>>

/** The factor of the longest pattern that matches the name, or 1. */
export function rateOf(factors: RateFactors, name: string): number {
  const patterns = Object.keys(factors).filter((pattern) => fits(pattern, name))
  return patterns.length === 0 ? 1 : factors[patterns.reduce((a, b) => (b.length > a.length ? b : a))]!
}

/** Throws `config-invalid` for a pattern that matches no parameter: it would have no effect. */
export function requireRates(factors: RateFactors, names: readonly string[]): void {
  const idle = Object.keys(factors).find((pattern) => !names.some((name) => fits(pattern, name)))
  if (idle === undefined) return
  throw new MatcherError(
    'config-invalid',
    `learning_rate_factors has ${JSON.stringify(idle)}, which fits no parameter of this network; use a prefix of a name ("score.") or a suffix after a star ("*_cond"). Names: ${names.join(', ')}.`
  )
}

function fits(pattern: string, name: string): boolean {
  return pattern.startsWith('*') ? name.endsWith(pattern.slice(1)) : name.startsWith(pattern)
}
