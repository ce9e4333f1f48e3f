/** `model` of a run that takes no time: one layer of 8. */
export const TINY_MODEL = {
  vocab_size: 200,
  hidden_size: 8,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 8,
  max_length: 32,
  condition_size: 4
} as const
