import type { Counts } from './totals'

/** What a process serves, and lines for people about what it runs on. */
export interface Serving {
  readonly model: string
  readonly modelHash: string
  readonly lines: readonly string[]
}

/** How a reload came out. */
export type ReloadOutcome =
  | { readonly outcome: 'reloaded'; readonly model: string; readonly modelHash: string }
  | { readonly outcome: 'under-way' }
  | { readonly outcome: 'failed'; readonly reason: string }

/** Functions of a process that serves, for the primary process. */
export type MemberCalls = {
  readonly counts: () => Promise<Counts>
  /**
   * Makes the process take no more connections and end once those that are open have ended. With `drain` their requests are answered, and they
   * end by themselves; without, new requests on them are refused (503).
   */
  readonly retire: (how: { readonly drain: boolean }) => void
}

/** Functions of the primary process, for those that serve. */
export type PrimaryCalls = {
  readonly serving: (server: Serving) => void
  /** The process could not start, for this reason. */
  readonly failed: (reason: string) => void
  /** The process has been asked by somebody else to end: it is to be replaced, and then told to retire. */
  readonly leaving: () => void
  /** The last counts of a process that has answered its last request. */
  readonly retired: (counts: Counts) => void
  /** The metrics of all processes, as Prometheus reads them. */
  readonly page: () => Promise<string>
  readonly reload: () => Promise<ReloadOutcome>
}

/** Sent with a connection. */
export interface PrimaryMessage {
  readonly connection: number
}

/** The process has a connection, or it has ended. */
export type MemberMessage = { readonly taken: number } | { readonly closed: number }
