import { elementCount, type Initializer, type ParameterSpec } from '@sohu-match/core'
import { createRandom, type Random } from '../data/random'

/** Standard deviation of the reference's kernels and embeddings (BERT's `initializer_range`). */
const RANGE = 0.02

/** Half-width of Keras' default embedding initializer, which the condition embedding has. */
const UNIFORM_RANGE = 0.05

/**
 * Starting values as the reference has them: TruncatedNormal(0.02), zeros, ones, U(-0.05, 0.05), Glorot uniform. Each parameter draws from a
 * stream of its own, named by seed and parameter, so that one more parameter changes no other.
 */
export function initialValues({ name, shape, init }: ParameterSpec, seed: number): Float32Array {
  const random = createRandom(seed, name)
  const draw = drawer(init, shape, random)
  return new Float32Array(elementCount(shape)).map(draw)
}

function drawer(init: Initializer, shape: readonly number[], random: Random): () => number {
  if (typeof init === 'number') return () => init
  switch (init) {
    case 'zeros':
      return () => 0
    case 'ones':
      return () => 1
    case 'truncated-normal':
      return () => RANGE * truncatedNormal(random)
    case 'uniform':
      return () => UNIFORM_RANGE * (2 * random.next() - 1)
    case 'glorot-uniform': {
      const limit = Math.sqrt(6 / (shape[0]! + shape[1]!))
      return () => limit * (2 * random.next() - 1)
    }
  }
}

/** A standard normal number, drawn again beyond two standard deviations (Keras' TruncatedNormal). */
function truncatedNormal(random: Random): number {
  for (;;) {
    const value = random.normal()
    if (Math.abs(value) <= 2) return value
  }
}
