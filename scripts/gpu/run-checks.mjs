import { failed, missing } from './report.mjs'

/** Minimum seconds left for a check to start. */
const LEAST = 5

/**
 * Runs checks one after another, each within its own limit and the rest of `seconds`, the limit of all. A check that throws is a failed row, one for
 * which no time is left a missing row; `context.deadline` is the end of the check that runs; `onRow` receives each row as soon as it is known.
 */
export async function runChecks(checks, context, { seconds, now = () => performance.now() / 1000, onRow = () => {} }) {
  const end = now() + seconds
  const rows = []
  for (const { check, group, seconds: limit, run } of checks) {
    const start = now()
    const left = end - start
    const row =
      left < LEAST
        ? missing(`no time was left of ${seconds} s: run it alone with --only ${group}`)
        : await attempt(run, context, Math.min(limit, left), start)
    rows.push({ check, group, ...row, seconds: Number((now() - start).toFixed(1)) })
    await onRow(rows.at(-1), rows)
  }
  return rows
}

/** The checks themselves if the file that they run is built; otherwise each becomes a missing row. */
export function whereBuilt(isBuilt, file, checks) {
  if (isBuilt) return checks
  return checks.map((check) => ({ ...check, run: () => missing(`${file} is not built: run \`npm run build\``) }))
}

async function attempt(run, context, seconds, start) {
  context.deadline = start + seconds
  try {
    return await run(context, seconds)
  } catch (error) {
    return failed(`the check itself failed: ${error.stack ?? error}`)
  }
}
