/** `--set` options of a training run of a few seconds with every feature that has state: dropout, Adam, average, auxiliary heads, buckets, several epochs. */
export const SMALL_RUN: readonly string[] = [
  'model.vocab_size=400',
  'model.hidden_size=16',
  'model.num_attention_heads=2',
  'model.intermediate_size=16',
  'model.max_length=48',
  'epochs=2',
  'batch_pairs=8'
]

/** Files of a finished run that do not depend on time: raw weights, averages, optimizer, best weights and metrics. */
export const RUN_OUTCOME: readonly string[] = [
  'last/model.safetensors',
  'last/ema.safetensors',
  'last/optimizer.safetensors',
  'last/state.json',
  'last/thresholds.json',
  'last/metrics.json',
  'best/model.safetensors',
  'best/thresholds.json',
  'best/metrics.json'
]
