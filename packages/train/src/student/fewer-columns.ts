import { symmetricEigen } from '../data/truncated-svd'
import { tf, type Tensor2D } from '../tfjs'

/** Embeddings with fewer columns, and the map from their normalized form to that of the original ones. */
export interface FewerColumns {
  /** `[columns, rank]`, to multiply every table of the original embeddings by. Columns are orthonormal. */
  readonly basis: Tensor2D
  /** `[rank, columns]` and `[columns]`. */
  readonly kernel: Float32Array
  readonly bias: Float32Array
}

/** Added to the diagonal of the least-squares problem, relative to its mean, in case columns are dependent. */
const RIDGE = 1e-6

/**
 * The best rank-`rank` approximation of embeddings [rows, columns] in the least-squares sense (Eckart and Young 1936),
 * and the affine map from its rows, normalized to mean 0 and variance 1, to `targets` [rows, columns]. The caller
 * disposes the basis.
 */
export function fewerColumns(embeddings: Tensor2D, targets: Tensor2D, rank: number): FewerColumns {
  const columns = embeddings.shape[1]
  const { vectors } = symmetricEigen(products(embeddings, embeddings), columns) // columns in descending order of eigenvalue
  const basis = tf.tensor2d(
    Float32Array.from({ length: columns * rank }, (_, i) => vectors[Math.floor(i / rank) * columns + (i % rank)]!),
    [columns, rank]
  )
  const inputs = tf.tidy(() => {
    const { mean, variance } = tf.moments(tf.matMul(embeddings, basis), 1, true)
    const normalized = tf.div(tf.sub(tf.matMul(embeddings, basis), mean), tf.sqrt(variance))
    return tf.concat([normalized, tf.ones([embeddings.shape[0], 1])], 1) as Tensor2D // [rows, rank + 1]
  })
  const solution = leastSquares(inputs, targets)
  inputs.dispose()
  return { basis, kernel: solution.slice(0, rank * columns), bias: solution.slice(rank * columns) }
}

/** aᵀ b as float64, row-major. */
function products(a: Tensor2D, b: Tensor2D): Float64Array {
  return Float64Array.from(tf.tidy(() => tf.matMul(a, b, true, false).dataSync()))
}

/** The x [width, columns] that minimizes |a x - b|², a [rows, width] and b [rows, columns], by the normal equations. */
function leastSquares(a: Tensor2D, b: Tensor2D): Float32Array {
  const [width, columns] = [a.shape[1], b.shape[1]]
  const square = products(a, a)
  const ridge =
    (RIDGE * Array.from({ length: width }, (_, i) => square[i * (width + 1)]!).reduce((x, y) => x + y)) / width
  const { values, vectors } = symmetricEigen(square, width)
  return tf.tidy(() => {
    const basis = tf.tensor2d(Float32Array.from(vectors), [width, width])
    const inverse = tf.tensor2d(
      Float32Array.from(values, (value) => 1 / (Math.max(value, 0) + ridge)),
      [width, 1]
    )
    const right = tf.tensor2d(Float32Array.from(products(a, b)), [width, columns])
    return tf.matMul(basis, tf.mul(inverse, tf.matMul(basis, right, true, false))).dataSync() as Float32Array
  })
}
