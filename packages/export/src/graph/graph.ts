import { headLayout, roformer, type ModelConfig } from '@sohu-match/core'
import type { WeightFormat } from '../formats/format'
import { graphOps } from './onnx-ops'
import { GraphBuilder } from '../onnx/builder'
import type { Graph } from '../onnx/serialize'
import type { Input } from '../onnx/value'

/**
 * All tasks: token_ids, segment_ids int32 [batch, seq], task_ids int32 [batch] -> logits float32 [batch, width]
 * (`headLayout`), or for a bi-encoder vectors float32 [batch, hidden] of length 1.
 */
export function allTasksGraph(config: ModelConfig, read: (name: string) => Float32Array, format: WeightFormat): Graph {
  const build = new GraphBuilder()
  const tokenIds: Input = { kind: 'input', name: 'token_ids', type: 'int32', shape: ['batch', 'seq'] }
  const segmentIds: Input = { kind: 'input', name: 'segment_ids', type: 'int32', shape: ['batch', 'seq'] }
  const taskIds: Input = { kind: 'input', name: 'task_ids', type: 'int32', shape: ['batch'] }
  const value = roformer(graphOps(build, { config, format, read }), config, { tokenIds, segmentIds, taskIds })
  const output =
    config.architecture === 'bi-encoder'
      ? { name: 'vectors', value, shape: ['batch', config.hiddenSize] }
      : { name: 'logits', value, shape: ['batch', headLayout(config.tasks, config.heads).width] }
  return { name: 'sohu-match', inputs: [tokenIds, segmentIds, taskIds], outputs: [output] }
}

/**
 * One task, with Hugging Face's names: input_ids, attention_mask, token_type_ids int64 [batch, seq] -> logits [batch,
 * 2]. Its norms are plain: the task's gains and offsets are folded in.
 */
export function singleTaskGraph(
  config: ModelConfig,
  read: (name: string) => Float32Array,
  format: WeightFormat,
  task: number
): Graph {
  const build = new GraphBuilder()
  const input = (name: string): Input => ({
    kind: 'input',
    name,
    type: 'int64',
    shape: ['batch_size', 'sequence_length']
  })
  const [tokenIds, mask, segmentIds] = [input('input_ids'), input('attention_mask'), input('token_type_ids')]
  const taskIds = build.constant('task', 'int32', [1], () => Int32Array.of(task))
  const logits = roformer(graphOps(build, { config, format, read, mask }), config, { tokenIds, segmentIds, taskIds })
  return {
    name: 'sohu-match',
    inputs: [tokenIds, mask, segmentIds],
    outputs: [{ name: 'logits', value: logits, shape: ['batch_size', 2] }]
  }
}
