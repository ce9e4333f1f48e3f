import { elementCount, parameterSpecs, type ModelConfig, type NamedTensor } from '@sohu-match/core'

/**
 * Seeded random weights of a configuration, large enough that attention, GELU and the task matter (deviation 1 / sqrt(in) for kernels,
 * 0.5 for embeddings). For tests and benches: they are untrained.
 */
export function randomWeights(config: ModelConfig, seed: number): NamedTensor[] {
  const normal = normals(seed)
  return parameterSpecs(config).map(({ name, shape, init }) => {
    const count = elementCount(shape)
    const vector = shape.length === 1
    const deviation = vector
      ? 0.1
      : /^embeddings|^cond_embedding/.test(name)
        ? 0.5
        : /_cond$/.test(name)
          ? 0.1
          : 1 / Math.sqrt(shape[0]!)
    const center = init === 'ones' ? 1 : typeof init === 'number' ? init : 0
    return { name, shape, data: Float32Array.from({ length: count }, () => center + deviation * normal()) }
  })
}

/** Standard normal numbers (Box and Muller) from a 32-bit generator (mulberry32). */
export function normals(seed: number): () => number {
  let state = seed >>> 0
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
}
