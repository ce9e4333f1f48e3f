import { MatcherError, type ModelConfig } from '@sohu-match/core'
import type { LoadPlan } from './plan'

const TABLE = 'embeddings.position'

/**
 * The plan without the table of learned positions, for a network that rotates queries and keys instead. Such a network
 * needs training before its vectors mean anything. Throws `config-invalid` if there is no table.
 */
export function withRotaryPositions<T extends { readonly config: ModelConfig }>(
  opened: T,
  { assignments, summary }: LoadPlan
): { readonly opened: T; readonly plan: LoadPlan } {
  const table = assignments.find(({ spec }) => spec.name === TABLE)
  if (!table)
    throw new MatcherError(
      'config-invalid',
      `${summary.files[0]!}: the positions are rotary already; leave out --rotary-positions.`
    )
  const others = (names: readonly string[]): string[] => names.filter((name) => name !== TABLE)
  return {
    opened: { ...opened, config: { ...opened.config, positionEmbeddingType: 'rotary' } },
    plan: {
      assignments: assignments.filter((assignment) => assignment !== table),
      summary: {
        ...summary,
        loaded: others(summary.loaded),
        initialized: others(summary.initialized),
        ignored: [...summary.ignored, ...(table.tensor ? [table.tensor.name] : [])]
      }
    }
  }
}
