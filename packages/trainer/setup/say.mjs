/** A failure that users can fix: the message is one sentence with what was found and what to do, printed without a stack. */
export class SetupError extends Error {}

/** Prints one line about a step of the set-up. */
export function say(step, text) {
  console.log(`setup: ${step}: ${text}`)
}

/** Runs `work`, printing one line before it and, after it, one with the time that it took. */
export async function timed(step, doing, work) {
  say(step, `${doing} …`)
  const started = performance.now()
  const result = await work()
  say(step, `${result ?? 'done'} (${((performance.now() - started) / 1000).toFixed(1)} s)`)
}
