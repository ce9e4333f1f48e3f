import { BYTE_DAMAGES } from './bytes'
import { LIE_DAMAGES } from './lies'
import { MANIFEST_DAMAGES } from './manifest'
import type { Damage } from './model-files'

const ALL: readonly Damage[] = [...BYTE_DAMAGES, ...MANIFEST_DAMAGES, ...LIE_DAMAGES]

/** The damage of a case: each kind in turn, wrong values more often, since there are many of them. */
export function damageOf(index: number): Damage {
  const kinds = [...ALL, MANIFEST_DAMAGES[0]!, MANIFEST_DAMAGES[0]!, MANIFEST_DAMAGES[2]!, BYTE_DAMAGES[0]!]
  return kinds[index % kinds.length]!
}
