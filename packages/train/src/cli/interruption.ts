/** What a person or a supervisor asked of a run under way. */
export interface Interruption {
  readonly stopping: () => boolean
  /** What a program that this signal ended reports: 128 and the signal's number. */
  readonly exitCode: () => number
  readonly dispose: () => void
}

/** SIGINT (Ctrl-C), and SIGTERM, which Nx and most supervisors send in its place. */
const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const

/** Asks a run to stop after its step at the first signal, saying that `what` is written; the second ends the program as usual. */
export function interruption(what: string): Interruption {
  let received: keyof typeof SIGNALS | undefined
  const onSignal = (signal: NodeJS.Signals): void => {
    received = signal as keyof typeof SIGNALS
    dispose()
    console.error(`\nFinishing the step and writing ${what} … (Ctrl-C again to stop at once)`)
  }
  const dispose = (): void => {
    for (const signal of Object.keys(SIGNALS)) process.off(signal, onSignal)
  }
  for (const signal of Object.keys(SIGNALS)) process.once(signal, onSignal)
  return { stopping: () => received !== undefined, exitCode: () => 128 + SIGNALS[received ?? 'SIGINT'], dispose }
}
