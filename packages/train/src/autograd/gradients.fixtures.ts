import { expect } from 'vitest'
import { parameterSpecs, parseModelConfig, type ParameterSpec } from '@sohu-match/core'
import { createRandom } from '../data/random'
import { initialValues } from '../initialization/parameters'
import { Variable } from '../optimizer/variable'
import { tf, type Tensor } from '../tfjs'
import type { LabeledBatch, Model } from './pass'

interface Pass {
  readonly loss: Tensor
  readonly gradients: ReadonlyMap<string, Tensor>
}

/** A network of three narrow layers, with other keys of config.json. */
export function smallConfig(more: object = {}): Model['config'] {
  return parseModelConfig({
    vocab_size: 40,
    hidden_size: 16,
    num_hidden_layers: 3,
    num_attention_heads: 2,
    intermediate_size: 32,
    condition_size: 4,
    ...more
  })
}

/** Three pairs for it: one padded, one without a token at position 0. */
export const smallBatch: LabeledBatch = {
  batch: 3,
  seq: 5,
  tokenIds: Int32Array.of(2, 9, 3, 8, 3, 2, 7, 3, 3, 0, 0, 5, 0, 6, 3),
  segmentIds: Int32Array.of(0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1),
  taskIds: Int32Array.of(0, 3, 5),
  labels: Int32Array.of(1, 0, 1),
  weights: Float32Array.of(0.2, 0.3, 0.5)
}

/** A model whose parameters are all random, so that no gradient is zero by accident; `heads` are parameters besides the network's. */
export function randomModel(
  config: Model['config'],
  seed: string,
  { deviation = 0.1, heads = [] }: { deviation?: number; heads?: readonly ParameterSpec[] } = {}
): Model {
  const random = createRandom(seed)
  const variables = [...parameterSpecs(config), ...heads].map((spec) => {
    const values = initialValues(spec, 1).map((value) => value + deviation * random.normal())
    return [spec.name, Variable.create(values, spec.shape)] as const
  })
  return { config, variables: new Map(variables) }
}

/** The gradients of a pass by name; its tensors are freed. */
export function valuesOf({ loss, gradients }: Pass): Map<string, number[]> {
  const values = new Map([...gradients].map(([name, gradient]) => [name, [...gradient.dataSync()]]))
  tf.dispose([loss, ...gradients.values()])
  return values
}

/**
 * Expects that the gradients of `passOf` agree with central differences of its loss along a random direction in every parameter but
 * those named in `without`. With `h` from 1e-3 to 3e-3, truncation h² and rounding 1e-7 / h both stay near 1e-4 of the direction's size.
 */
export function expectFiniteDifferences(
  { variables }: Model,
  passOf: () => Pass,
  options: { h: number; tolerance: number; without?: readonly string[]; lossAt?: () => number }
): void {
  const lossOfPass = (): number => {
    const { loss, gradients } = passOf()
    const value = loss.dataSync()[0]!
    tf.dispose([loss, ...gradients.values()])
    return value
  }
  const { h, tolerance, without = [], lossAt = lossOfPass } = options
  const random = createRandom('directions')
  const gradients = valuesOf(passOf())
  expect([...gradients.keys(), ...without].sort()).toEqual([...variables.keys()].sort())
  for (const [name, variable] of variables) {
    if (without.includes(name)) continue
    const start = variable.values()
    const direction = start.map(() => random.normal())
    const moved = (by: number): number => {
      variable.assign(start.map((value, i) => value + by * direction[i]!))
      return lossAt()
    }
    const slope = (moved(h) - moved(-h)) / (2 * h)
    variable.assign(start)
    const expected = gradients.get(name)!.reduce((sum, value, i) => sum + value * direction[i]!, 0)
    expect(Math.abs(slope - expected), name).toBeLessThan(tolerance + 0.02 * Math.abs(expected))
  }
}
