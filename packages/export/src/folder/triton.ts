import { BATCH_LIMITS, headLayout, type Dtype, type ModelConfig } from '@sohu-match/core'

/** The graph of a model in Triton's repository: version 1. */
export const TRITON_GRAPH = '1/model.onnx'

export const TRITON_CONFIG = 'config.pbtxt'

/** The figures that Triton's configuration depends on. */
export interface TritonModel {
  readonly config: ModelConfig
  readonly dtype: Dtype
  /** SHA-256 of the graph: the SDK compares it with its own model folder. */
  readonly sha256: string
  /** Median milliseconds of one pair of 64 tokens in this dtype, if measured. */
  readonly milliseconds?: number | undefined
}

/** Tokens of a pair of two sentences, for which the largest batch is full. */
const USUAL_TOKENS = 64
/** Share of the time of one pair that it may wait for others. */
const WAITING_SHARE = 0.25
/** Microseconds that a pair may wait where latency was not measured. */
const WAITING = 1_000

/**
 * `config.pbtxt` of a graph (Triton's model_config.proto). Triton takes the model's name from its folder. Batches are as
 * large as the SDK's on the device that the dtype is for; requests of one length are joined while the first waits a
 * quarter of the time that it takes. `task_ids` [batch] has no other axis, and Triton needs one, hence `reshape`.
 */
export function tritonConfig({ config, dtype, sha256, milliseconds }: TritonModel): string {
  const { tokens } = BATCH_LIMITS[dtype === 'fp16' ? 'cuda' : 'cpu']
  const wait = milliseconds === undefined ? WAITING : Math.round(1_000 * WAITING_SHARE * milliseconds)
  const [output, width] =
    config.architecture === 'bi-encoder'
      ? ['vectors', config.hiddenSize]
      : ['logits', headLayout(config.tasks, config.heads).width]
  return `backend: "onnxruntime"
default_model_filename: "model.onnx"
max_batch_size: ${Math.max(1, Math.floor(tokens / USUAL_TOKENS))}
input [
  { name: "token_ids" data_type: TYPE_INT32 dims: [ -1 ] },
  { name: "segment_ids" data_type: TYPE_INT32 dims: [ -1 ] },
  { name: "task_ids" data_type: TYPE_INT32 dims: [ 1 ] reshape: { shape: [ ] } }
]
output [
  { name: "${output}" data_type: TYPE_FP32 dims: [ ${width} ] }
]
dynamic_batching { max_queue_delay_microseconds: ${wait} }
instance_group [ { count: 1 kind: KIND_AUTO } ]
version_policy: { latest: { num_versions: 1 } }
parameters { key: "sohu_match_dtype" value: { string_value: "${dtype}" } }
parameters { key: "sohu_match_sha256" value: { string_value: "${sha256}" } }
`
}
