import { MatcherError } from '@sohu-match/core'

/** Logistic regression over standardized features. */
export interface LogisticModel {
  readonly mean: Float64Array
  readonly deviation: Float64Array
  /** One weight per feature, then the intercept. */
  readonly weights: Float64Array
}

/** Newton steps until no weight changes by more than 1e-9; the objective is convex and needs far fewer. */
const MAX_STEPS = 30

/**
 * Newton's method with an L2 penalty of 1/2 |w|² (not on the intercept), as scikit-learn's default. Rows of equal
 * length. Throws `data-invalid` without both labels.
 */
export function fitLogistic(rows: readonly Float64Array[], labels: readonly (0 | 1)[]): LogisticModel {
  if (!labels.includes(0) || !labels.includes(1)) {
    throw new MatcherError(
      'data-invalid',
      `All ${labels.length} training pairs have one label; a classifier needs pairs of both.`
    )
  }
  const { mean, deviation } = moments(rows)
  const inputs = rows.map((row) => Float64Array.from([...standardized(row, mean, deviation), 1]))
  const size = mean.length + 1
  const weights = new Float64Array(size)
  for (let step = 0; step < MAX_STEPS; step++) {
    const { gradient, hessian } = derivatives(inputs, labels, weights)
    const change = solve(hessian, gradient, size)
    change.forEach((value, i) => {
      weights[i]! -= value
    })
    if (change.every((value) => Math.abs(value) < 1e-9)) break
  }
  return { mean, deviation, weights }
}

/** P(label = 1). */
export function logisticScore({ mean, deviation, weights }: LogisticModel, row: Float64Array): number {
  const sum = standardized(row, mean, deviation).reduce(
    (total, value, i) => total + value * weights[i]!,
    weights[mean.length]!
  )
  return 1 / (1 + Math.exp(-sum))
}

function derivatives(inputs: readonly Float64Array[], labels: readonly (0 | 1)[], weights: Float64Array) {
  const size = weights.length
  const gradient = Float64Array.from(weights, (weight, i) => (i < size - 1 ? weight : 0))
  const hessian = Float64Array.from({ length: size * size }, (_, i) =>
    i % (size + 1) === 0 && i < size * size - 1 ? 1 : 0
  )
  inputs.forEach((input, row) => {
    const p = 1 / (1 + Math.exp(-input.reduce((sum, value, i) => sum + value * weights[i]!, 0)))
    for (let i = 0; i < size; i++) {
      gradient[i]! += (p - labels[row]!) * input[i]!
      for (let j = 0; j < size; j++) hessian[i * size + j]! += p * (1 - p) * input[i]! * input[j]!
    }
  })
  return { gradient, hessian }
}

/** Gaussian elimination for a positive definite matrix; the penalty keeps it far from singular. */
function solve(matrix: Float64Array, vector: Float64Array, n: number): Float64Array {
  const a = matrix.slice()
  const x = vector.slice()
  for (let k = 0; k < n; k++) {
    for (let i = k + 1; i < n; i++) {
      const factor = a[i * n + k]! / a[k * n + k]!
      for (let j = k; j < n; j++) a[i * n + j]! -= factor * a[k * n + j]!
      x[i]! -= factor * x[k]!
    }
  }
  for (let k = n - 1; k >= 0; k--) {
    for (let j = k + 1; j < n; j++) x[k]! -= a[k * n + j]! * x[j]!
    x[k]! /= a[k * n + k]!
  }
  return x
}

function moments(rows: readonly Float64Array[]) {
  const mean = new Float64Array(rows[0]!.length)
  const deviation = new Float64Array(mean.length)
  for (const row of rows)
    row.forEach((value, i) => {
      mean[i]! += value / rows.length
    })
  for (const row of rows)
    row.forEach((value, i) => {
      deviation[i]! += (value - mean[i]!) ** 2 / rows.length
    })
  return { mean, deviation: deviation.map((variance) => Math.sqrt(variance) || 1) }
}

function standardized(row: Float64Array, mean: Float64Array, deviation: Float64Array): Float64Array {
  return row.map((value, i) => (value - mean[i]!) / deviation[i]!)
}
