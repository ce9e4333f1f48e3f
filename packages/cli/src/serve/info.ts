import type { MatcherInfo } from '@sohu-match/sdk-node'

/** What strangers may read of a matcher: everything but why a device was passed over, which names files of this machine. */
export function publicInfo({ reasons, ...info }: MatcherInfo): object {
  return { ...info, devices: reasons.map(({ device, taken }) => ({ device, taken })) }
}
