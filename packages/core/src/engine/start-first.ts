import type { Device } from '../dtype'
import { MatcherError, type MatcherErrorCode } from '../errors'
import type { DeviceReason } from '../matcher/types'

/** A device to try, or why it is not worth trying. */
export interface DeviceCandidate<D extends Device = Device> {
  readonly device: D
  readonly refusal?: string | undefined
}

/** A device that was started, with the reason for every one that was considered. */
export interface StartedDevice<D extends Device, S> {
  readonly device: D
  readonly started: S
  readonly reasons: readonly DeviceReason[]
}

/** How `startFirst` tries devices. */
export interface StartRules<D extends Device, S> {
  start(device: D): Promise<S>
  /** Why the started device was taken. */
  reasonOf(started: S): string
  /** Codes of a device's own failures, after which the next one is tried; a damaged file would be damaged there too. */
  readonly failures: readonly MatcherErrorCode[]
}

/** Starts the first candidate that works. Throws what the last one throws, and `device-unavailable` with every reason where all are refused. */
export async function startFirst<D extends Device, S>(
  candidates: readonly DeviceCandidate<D>[],
  { start, reasonOf, failures }: StartRules<D, S>
): Promise<StartedDevice<D, S>> {
  const reasons: DeviceReason[] = []
  for (const { device, refusal } of candidates) {
    if (refusal !== undefined) {
      reasons.push({ device, taken: false, reason: refusal })
      continue
    }
    try {
      const started = await start(device)
      return { device, started, reasons: [...reasons, { device, taken: true, reason: reasonOf(started) }] }
    } catch (error) {
      const isLast = device === candidates.at(-1)!.device
      if (isLast || !(error instanceof MatcherError && failures.includes(error.code))) throw error
      reasons.push({ device, taken: false, reason: error.message })
    }
  }
  const every = reasons.map(({ device, reason }) => `${device} cannot be used: ${reason}`).join('; ')
  throw new MatcherError('device-unavailable', `${every}.`)
}
