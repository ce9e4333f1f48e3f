import { parameterSpecs, parseModelConfig, type ModelConfig } from '@sohu-match/core'
import type { LabeledBatch } from '../autograd/pass'
import { parseTrainSettings, type TrainSettings } from '../config'
import { createRandom } from '../data/random'
import { initialVariables } from '../initialization/parameters'
import { Trainer } from '../step/trainer'

export interface Workload {
  readonly layers: number
  readonly hidden: number
  readonly heads: number
  /** Width of the feed-forward layer. Default: four times `hidden`. */
  readonly intermediate?: number
  readonly vocabulary: number
  readonly pairs: number
  readonly tokens: number
  /** Share of each pair's positions that are padding. */
  readonly padding?: number
}

/**
 * `small` is the size of the performance budgets; `tiny` the size trained from scratch here, where updating the
 * embeddings counts; `encoder` the public encoder that model-zh starts from; `base` the reference's network at its
 * longest input.
 */
export const WORKLOADS = {
  small: { layers: 6, hidden: 384, heads: 6, vocabulary: 50_000, pairs: 16, tokens: 128 },
  tiny: { layers: 2, hidden: 256, heads: 4, intermediate: 512, vocabulary: 20_000, pairs: 32, tokens: 160 },
  encoder: { layers: 4, hidden: 512, heads: 8, vocabulary: 21_128, pairs: 32, tokens: 128 },
  base: { layers: 12, hidden: 768, heads: 12, vocabulary: 50_000, pairs: 16, tokens: 512 }
} as const satisfies Record<string, Workload>

/** `settings` overrides training settings; dropout is 0.1. */
export function workloadTrainer(
  { layers, hidden, heads, intermediate = 4 * hidden, vocabulary }: Workload,
  settings: Record<string, unknown> = {}
): Trainer {
  const model = parseModelConfig({
    vocab_size: vocabulary,
    hidden_size: hidden,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    intermediate_size: intermediate
  })
  return profileTrainer(
    parseTrainSettings({ model: {}, epochs: 1, learning_rate: 2e-5, ...settings }, 'workload'),
    model
  )
}

/** A trainer at its initial values; auxiliary heads are omitted, since `workloadBatch` has no targets for them. */
export function profileTrainer(settings: TrainSettings, model: ModelConfig): Trainer {
  return new Trainer(settings, model, initialVariables(parameterSpecs(model), 1))
}

/** Random words, two texts of equal length in each pair, all six tasks. */
export function workloadBatch(
  { pairs, tokens, vocabulary, padding = 0 }: Partial<Workload> & Pick<Workload, 'pairs' | 'tokens' | 'vocabulary'>,
  seed: number
): LabeledBatch {
  const random = createRandom('workload', seed)
  const length = Math.round(tokens * (1 - padding))
  const grid = (value: (column: number) => number): Int32Array =>
    Int32Array.from({ length: pairs * tokens }, (_, i) => (i % tokens < length ? value(i % tokens) : 0))
  return {
    batch: pairs,
    seq: tokens,
    tokenIds: grid(() => 1 + random.below(vocabulary - 1)),
    segmentIds: grid((column) => (column < length / 2 ? 0 : 1)),
    taskIds: Int32Array.from({ length: pairs }, (_, i) => i % 6),
    labels: Int32Array.from({ length: pairs }, () => random.below(2)),
    weights: new Float32Array(pairs).fill(1 / pairs)
  }
}
