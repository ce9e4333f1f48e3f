import type { Device } from '../dtype'
import { MatcherError, type MatcherErrorCode } from '../errors'
import type { DeviceReason } from '../matcher/types'

/** A device to try, or the reason to skip it. */
export interface DeviceCandidate<D extends Device = Device> {
  readonly device: D
  readonly refusal?: string | undefined
}

/** The started device, with a reason for every one considered. */
export interface StartedDevice<D extends Device, S> {
  readonly device: D
  readonly started: S
  readonly reasons: readonly DeviceReason[]
}

export interface StartRules<D extends Device, S> {
  start(device: D): Promise<S>
  /** Why the started device was chosen. */
  reasonOf(started: S): string
  /** Codes of a device's own failures, after which the next one is tried; a damaged file would be damaged there too. */
  readonly failures: readonly MatcherErrorCode[]
}

/** Throws the error of the last candidate, and `device-unavailable` with every reason if all are refused. */
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
