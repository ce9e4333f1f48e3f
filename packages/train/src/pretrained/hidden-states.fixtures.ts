import { roformer, type ModelConfig } from '@sohu-match/core'
import { Tape, type Value } from '../autograd/tape'
import { TrainingOps } from '../autograd/training-ops'
import type { Variable } from '../optimizer/variable'
import { tf } from '../tfjs'

/** What the network makes of rows of equal length: the hidden states [batch, seq, hidden] after each layer, and the pooled vectors. */
export interface HiddenStates {
  readonly layers: readonly Float32Array[]
  readonly pooled: Float32Array
}

/** Runs the network over rows of token ids under task 0. */
export function hiddenStates(
  config: ModelConfig,
  variables: ReadonlyMap<string, Variable>,
  tokenIds: readonly (readonly number[])[],
  segmentIds: readonly (readonly number[])[]
): HiddenStates {
  const tape = new Tape()
  const layers: Float32Array[] = []
  let pooled = new Float32Array(0)
  const observe = (place: 'layer' | 'pooled', _index: number, { tensor }: Value): void => {
    const values = tensor.dataSync<'float32'>().slice()
    if (place === 'pooled') pooled = values
    else layers.push(values)
  }
  const ops = new TrainingOps(tape, { parameter: (name) => variables.get(name)!.read(), observe })
  const ids = (rows: readonly (readonly number[])[]): Value =>
    tape.leaf(tf.tensor2d(rows.flat(), [rows.length, rows[0]!.length], 'int32'))
  roformer(ops, config, {
    tokenIds: ids(tokenIds),
    segmentIds: ids(segmentIds),
    taskIds: tape.leaf(tf.zeros([tokenIds.length], 'int32'))
  })
  tape.dispose()
  return { layers, pooled }
}
