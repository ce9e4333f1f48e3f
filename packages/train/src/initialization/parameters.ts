import { elementCount, parameterSpecs, type Initializer, type ModelConfig, type ParameterSpec } from '@sohu-match/core'
import { createRandom, type Random } from '../data/random'
import { Variable } from '../optimizer/variable'

/** Standard deviation of the reference's kernels and embeddings (BERT's `initializer_range`). */
const RANGE = 0.02

/** Half-width of Keras' default embedding initializer, used for the condition embedding. */
const UNIFORM_RANGE = 0.05

/**
 * The reference's initial values: TruncatedNormal(0.02), zeros, ones, U(-0.05, 0.05), Glorot uniform. Each parameter
 * has its own random stream, seeded by seed and name, so that adding a parameter does not change others.
 */
export function initialValues({ name, shape, init }: ParameterSpec, seed: number): Float32Array {
  const random = createRandom(seed, name)
  const draw = drawer(init, shape, random)
  return new Float32Array(elementCount(shape)).map(draw)
}

/** In the order of `specs`, at their initial values or at those in `tables`. */
export function initialVariables(
  specs: readonly ParameterSpec[],
  seed: number,
  tables: ReadonlyMap<string, Float32Array> = new Map()
): Map<string, Variable> {
  return new Map(
    specs.map((spec) => [spec.name, Variable.create(tables.get(spec.name) ?? initialValues(spec, seed), spec.shape)])
  )
}

/** Counts elements. */
export function parameterCount(config: ModelConfig): number {
  return parameterSpecs(config).reduce((sum, { shape }) => sum + elementCount(shape), 0)
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

/** Drawn again beyond two standard deviations (Keras' TruncatedNormal). */
function truncatedNormal(random: Random): number {
  for (;;) {
    const value = random.normal()
    if (Math.abs(value) <= 2) return value
  }
}
