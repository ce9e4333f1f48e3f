import type { Counts } from './totals'

/** The model that a process serves, and lines of text about its device. */
export interface Serving {
  readonly model: string
  readonly modelHash: string
  readonly lines: readonly string[]
}

/** Outcome of a reload. */
export type ReloadOutcome =
  | { readonly outcome: 'reloaded'; readonly model: string; readonly modelHash: string }
  | { readonly outcome: 'under-way' }
  | { readonly outcome: 'failed'; readonly reason: string }

/** Functions of a process that serves, for the primary process. */
export type MemberCalls = {
  readonly counts: () => Promise<Counts>
  /**
   * Makes the process accept no more connections and exit once the open ones have ended. With `drain` their requests are answered, and they
   * end by themselves; without it, new requests on them are refused (503).
   */
  readonly retire: (how: { readonly drain: boolean }) => void
}

/** Functions of the primary process, for those that serve. */
export type PrimaryCalls = {
  readonly serving: (server: Serving) => void
  /** Reports why the process could not start. */
  readonly failed: (reason: string) => void
  /** Reports that somebody else has asked the process to exit: it must be replaced, and then retired. */
  readonly leaving: () => void
  /** Final counts of a process that has answered its last request. */
  readonly retired: (counts: Counts) => void
  /** The metrics of all processes in Prometheus' format. */
  readonly page: () => Promise<string>
  readonly reload: () => Promise<ReloadOutcome>
}

/** Sent with a connection. */
export interface PrimaryMessage {
  readonly connection: number
}

/** The process has accepted a connection, or the connection has ended. */
export type MemberMessage = { readonly taken: number } | { readonly closed: number }
