import { roformer, type ModelConfig, type Ops } from '@sohu-match/core'

/** Readers of each value of a pass, in order of creation; a recomputed layer counts from its own start again. */
export interface ReadPlan {
  readonly reads: readonly number[]
  /** Number of the first value of each layer. */
  readonly layerStarts: readonly number[]
}

/** Inputs and parameters live as long as the pass. */
const LEAF = -1

/** Runs the network without numbers, so that the real pass can free every value after its last reader. */
export function planReads(
  config: ModelConfig,
  { dropout, firstOnly }: { readonly dropout: boolean; readonly firstOnly: boolean }
): ReadPlan {
  const reads: number[] = []
  const layerStarts: number[] = []
  const make = (...inputs: number[]): number => {
    for (const input of inputs) if (input !== LEAF) reads[input]!++
    return reads.push(0) - 1
  }
  const ops: Ops<number> = {
    param: () => LEAF,
    gather: make,
    matmul: make,
    add: make,
    addRow: make,
    addPositions: make,
    dense: make,
    gelu: make,
    attentionMask: make,
    maskedMean: make,
    onlyFirst: (x) => (firstOnly ? make(x) : x),
    firstToken: make,
    normalize: make,
    similarityLogits: make,
    layerNorm: (x, gamma, beta) => make(x, gamma, beta),
    conditionalNorm: (x, gamma, beta) => make(x, gamma, beta),
    rotary: (x) => make(x),
    attention: (q, k, v) => make(q, k, v),
    selectTask: (x, taskIds) => make(x, taskIds),
    dropout: (x) => (dropout ? make(x) : x),
    layer: (index, x, body) => {
      layerStarts[index] = reads.length
      return body(x)
    }
  }
  roformer(ops, config, { tokenIds: LEAF, segmentIds: LEAF, taskIds: LEAF })
  return { reads, layerStarts }
}
