import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  decodeSafetensors,
  parseModelConfig,
  type ModelConfig,
  type NamedTensor,
  type ParityBatch
} from '@sohu-match/core'

/** Numbers of the reference system (bert4keras), if they are next to this checkout. */
export const FIXTURES = fileURLToPath(new URL('../../../../shared/fixtures', import.meta.url))

/** The classifier of `fixtures/cln` with bert4keras' logits of 18 padded pairs of all tasks, and of pairs of up to 512 tokens. */
export interface ClnFixture {
  readonly config: ModelConfig
  readonly weights: readonly NamedTensor[]
  readonly vocab: string
  readonly parity: readonly ParityBatch[]
}

interface Cases {
  token_ids: number[][]
  segment_ids: number[][]
  conditions: number[]
  logits: number[][]
  long: Omit<Cases, 'long'>
}

/** Reads `fixtures/cln`. */
export function readClnFixture(): ClnFixture {
  const text = (name: string) => readFileSync(join(FIXTURES, 'cln', name), 'utf8')
  const cases = JSON.parse(text('cases.json')) as Cases
  const batch = (from: Omit<Cases, 'long'>): ParityBatch => ({
    tokenIds: from.token_ids,
    segmentIds: from.segment_ids,
    taskIds: from.conditions,
    outputs: from.logits
  })
  const weights = decodeSafetensors(readFileSync(join(FIXTURES, 'cln', 'weights.safetensors')), 'weights.safetensors')
  return {
    config: parseModelConfig({ ...JSON.parse(text('config.json')), hidden_act: 'gelu', max_length: 512 }),
    weights: [...weights].map(([name, tensor]) => ({ name, ...tensor })),
    vocab: text('vocab.txt'),
    parity: [batch(cases), batch(cases.long)]
  }
}
