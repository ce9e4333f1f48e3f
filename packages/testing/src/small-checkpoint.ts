import {
  modelConfigToJson,
  parseModelConfig,
  SPECIAL_TOKENS,
  type ModelConfig,
  type NamedTensor,
  type ParityBatch
} from '@sohu-match/core'
import { writeCheckpointFolder } from './checkpoint-folder'
import { randomWeights } from './random-weights'

/** One layer, width 16, 50 tokens: for tests that do not depend on size. */
export const SMALL_CONFIG = parseModelConfig({
  vocab_size: 50,
  hidden_size: 16,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 32,
  condition_size: 4,
  max_length: 32
})

/** The same as a bi-encoder in the form of public sentence encoders: learned positions, [CLS] pooling, no word segmentation. */
export const SMALL_BI_ENCODER = parseModelConfig({
  ...modelConfigToJson(SMALL_CONFIG),
  architecture: 'bi-encoder',
  pooling: 'cls',
  position_embedding_type: 'absolute',
  max_position_embeddings: 40,
  word_segmentation: 'none',
  num_hidden_layers: 2
})

/** Their vocabulary: special tokens, then single characters. */
export const SMALL_VOCAB = [
  ...SPECIAL_TOKENS,
  ...Array.from({ length: 50 - SPECIAL_TOKENS.length }, (_, i) => String.fromCodePoint(0x4e00 + i))
]

/** A checkpoint folder of a small network whose tensors `change` may corrupt. Its parity outputs are zeros unless given. */
export function smallCheckpoint(
  folder: string,
  change: (tensor: NamedTensor) => NamedTensor = (tensor) => tensor,
  outputs: readonly (readonly number[])[] = Array.from({ length: 6 }, () => [0, 0]),
  config: ModelConfig = SMALL_CONFIG
): { readonly config: ModelConfig; readonly weights: readonly NamedTensor[]; readonly parity: readonly ParityBatch[] } {
  const weights = randomWeights(config, 1)
  const rows = Array.from({ length: 6 }, (_, row) => [2, 5 + row, 6, 3, 30 - row, 3, 0])
  const parity = [
    { tokenIds: rows, segmentIds: rows.map(() => [0, 0, 0, 0, 1, 1, 0]), taskIds: [0, 1, 2, 3, 4, 5], outputs }
  ]
  writeCheckpointFolder(folder, { config, weights: weights.map(change), vocab: `${SMALL_VOCAB.join('\n')}\n`, parity })
  return { config, weights, parity }
}
