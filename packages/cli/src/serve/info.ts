import type { MatcherInfo } from '@sohu-match/sdk-node'

/** Everything but why devices were skipped, since these reasons name files of this machine. */
export function publicInfo({ reasons, ...info }: MatcherInfo): object {
  return { ...info, devices: reasons.map(({ device, taken }) => ({ device, taken })) }
}
