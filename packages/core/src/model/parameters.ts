import type { ModelConfig } from './config'
import type { Initializer, Ops } from './ops'
import { pairLogits, roformer } from './roformer'

/** A trainable array of the network: its name in the checkpoint, shape, and initial values. */
export interface ParameterSpec {
  readonly name: string
  readonly shape: readonly number[]
  readonly init: Initializer
}

/** Every parameter in the order of first use, recorded by running the network. */
export function parameterSpecs(config: ModelConfig): ParameterSpec[] {
  const specs = new Map<string, ParameterSpec>()
  const nothing = (): null => null
  const recorder: Ops<null> = {
    param: (name, shape, init) => {
      specs.set(name, { name, shape, init })
      return null
    },
    gather: nothing,
    matmul: nothing,
    add: nothing,
    addRow: nothing,
    addPositions: nothing,
    dense: nothing,
    gelu: nothing,
    attentionMask: nothing,
    rotary: nothing,
    attention: nothing,
    layerNorm: nothing,
    conditionalNorm: nothing,
    maskedMean: nothing,
    onlyFirst: nothing,
    firstToken: nothing,
    normalize: nothing,
    similarityLogits: nothing,
    selectTask: nothing,
    dropout: nothing,
    layer: (_index, x, body) => body(x)
  }
  roformer(recorder, config, { tokenIds: null, segmentIds: null, taskIds: null })
  if (config.architecture === 'bi-encoder') pairLogits(recorder, config, { a: null, b: null, taskIds: null })
  return [...specs.values()]
}
