import { stopRequest, type StopRequest } from '@sohu-match/node/cli'

/** Listens for the first signal, and then reports that the run stops after its step and writes `what`. */
export function stopAfterStep(what: string): StopRequest {
  return stopRequest(() =>
    console.error(`\nFinishing the step and writing ${what} … (press Ctrl-C again to stop immediately)`)
  )
}
