import type { ParameterSpec } from '@sohu-match/core'
import { sigmoidCrossEntropy, smoothL1 } from '../autograd/kernels/auxiliary'
import type { LabeledBatch, Observed } from '../autograd/pass'
import type { Tape, Value } from '../autograd/tape'
import type { TrainingOps } from '../autograd/training-ops'
import { LEXICAL_FIGURES } from '../data/overlap'
import { tf } from '../tfjs'

/** Weights of the two auxiliary losses; 0 omits one. Their heads are trained, never exported. */
export interface AuxiliaryOptions {
  readonly tokenMatchWeight: number
  readonly lexicalWeight: number
}

/** For each token whether the other text has it, and four overlap features of each pair. */
export interface AuxiliaryTargets {
  /** [batch, seq], 1 if the other text has the token. */
  readonly tokenMatch: Float32Array
  /** [batch, seq], 1 if a token counts: no padding, no special tokens. */
  readonly tokenMask: Float32Array
  /** [batch, LEXICAL_FIGURES]. */
  readonly lexical: Float32Array
  /** [batch], weight of each pair in the loss, labeled or not. */
  readonly pairWeights: Float32Array
}

/** Parameters of the heads that `options` turns on. */
export function auxiliarySpecs({ tokenMatchWeight, lexicalWeight }: AuxiliaryOptions, hidden: number): ParameterSpec[] {
  const head = (name: string, width: number): ParameterSpec[] => [
    { name: `auxiliary.${name}.kernel`, shape: [hidden, width], init: 'glorot-uniform' },
    { name: `auxiliary.${name}.bias`, shape: [width], init: 'zeros' }
  ]
  return [
    ...(tokenMatchWeight > 0 ? head('token_match', 1) : []),
    ...(lexicalWeight > 0 ? head('lexical', LEXICAL_FIGURES) : [])
  ]
}

/**
 * The auxiliary terms of a batch's loss. Token match: predicts from each token's state after the first layer whether
 * the other text has it (mean over the tokens that count). Lexical: predicts the pair's overlap features from the
 * pooled vector (smooth L1, mean over pairs, sum over features).
 */
export function auxiliaryLosses(options: AuxiliaryOptions, batch: LabeledBatch & AuxiliaryTargets, hidden: number) {
  return (tape: Tape, ops: TrainingOps, { layers, pooled }: Observed): Value[] => {
    const params = new Map(
      auxiliarySpecs(options, hidden).map(({ name, shape, init }) => [name, ops.param(name, shape, init)])
    )
    const head = (x: Value, name: string): Value =>
      ops.dense(x, params.get(`auxiliary.${name}.kernel`)!, params.get(`auxiliary.${name}.bias`)!)
    const leaf = (values: Float32Array, shape: number[]): Value => tape.leaf(tf.tensor(values, shape))
    const terms: Value[] = []
    if (options.tokenMatchWeight > 0) {
      const counted = batch.tokenMask.reduce((sum, value) => sum + value, 0)
      const shape = [batch.batch, batch.seq, 1]
      const targets = leaf(batch.tokenMatch, shape)
      const weights = leaf(
        batch.tokenMask.map((value) => (value * options.tokenMatchWeight) / Math.max(1, counted)),
        shape
      )
      const x = head(layers[0]!, 'token_match')
      terms.push(tape.apply([x, targets, weights], () => sigmoidCrossEntropy(x.tensor, targets.tensor, weights.tensor)))
    }
    if (options.lexicalWeight > 0) {
      const shape = [batch.batch, LEXICAL_FIGURES]
      const targets = leaf(batch.lexical, shape)
      const weights = leaf(
        Float32Array.from(
          batch.lexical,
          (_, i) => batch.pairWeights[Math.floor(i / LEXICAL_FIGURES)]! * options.lexicalWeight
        ),
        shape
      )
      const x = head(pooled, 'lexical')
      terms.push(tape.apply([x, targets, weights], () => smoothL1(x.tensor, targets.tensor, weights.tensor)))
    }
    return terms
  }
}
