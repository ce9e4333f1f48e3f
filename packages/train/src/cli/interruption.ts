/** Asks a run to stop after its step at the first SIGINT, saying that `what` is written; the second ends the program as usual. */
export function interruption(what: string): { stopping: () => boolean; dispose: () => void } {
  let stopping = false
  const onSignal = (): void => {
    stopping = true
    console.error(`\nFinishing the step and writing ${what} … (Ctrl-C again to stop at once)`)
  }
  process.once('SIGINT', onSignal)
  return { stopping: () => stopping, dispose: () => void process.off('SIGINT', onSignal) }
}
