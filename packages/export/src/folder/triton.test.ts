import { parseModelConfig } from '@sohu-match/core'
import { describe, expect, it } from 'vitest'
import { tritonConfig } from './triton'

const config = parseModelConfig({
  vocab_size: 40,
  hidden_size: 16,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 32
})

describe("Triton's configuration", () => {
  it('has the output of the network, the batches of the SDK, and the hash of the graph', () => {
    const text = tritonConfig({ config, dtype: 'int8', sha256: 'abc' })
    expect(text).toContain('name: "logits" data_type: TYPE_FP32 dims: [ 2 ]')
    expect(text).toContain('max_batch_size: 8\n')
    expect(text).toContain('key: "sohu_match_sha256" value: { string_value: "abc" }')
    const vectors = tritonConfig({ config: { ...config, architecture: 'bi-encoder' }, dtype: 'fp16', sha256: 'abc' })
    expect(vectors).toContain('name: "vectors" data_type: TYPE_FP32 dims: [ 16 ]')
    expect(vectors).toContain('max_batch_size: 256\n')
  })

  it('lets a pair wait for a quarter of its measured time', () => {
    expect(tritonConfig({ config, dtype: 'int8', sha256: 'abc', milliseconds: 6 })).toContain(
      'max_queue_delay_microseconds: 1500'
    )
    expect(tritonConfig({ config, dtype: 'int8', sha256: 'abc' })).toContain('max_queue_delay_microseconds: 1000')
  })
})
