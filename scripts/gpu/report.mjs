/**
 * A row of the report: `check`, its name; `result`: passed, failed or missing; `found`, one sentence; `wanted`, the condition that was
 * checked; `figures`, the same in numbers.
 */

/** Exit code: 0 all passed, 1 something is wrong, 3 nothing is wrong, but parts are missing. */
export function exitCode(rows) {
  if (rows.some(({ result }) => result === 'failed')) return 1
  return rows.length > 0 && rows.every(({ result }) => result === 'passed') ? 0 : 3
}

/** The rows as a plain-text table, in which long sentences wrap. */
export function table(rows, width = 118) {
  const names = Math.max(...rows.map(({ check }) => check.length))
  const indent = ' '.repeat(names + 11)
  return rows
    .map(({ check, result, found, wanted }) => {
      const text = wanted ? `${found} (wanted: ${wanted})` : found
      return `${check.padEnd(names)}  ${result.padEnd(7)}  ${wrap(text, width - indent.length).join(`\n${indent}`)}`
    })
    .join('\n')
}

function wrap(text, width) {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1)
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines
}

/** The number of rows with each result. */
export function summary(rows) {
  const count = (result) => rows.filter((row) => row.result === result).length
  return `${count('passed')} passed, ${count('failed')} failed, ${count('missing')} missing`
}

/** A row for numbers that must stay within limits: `{ name: [value, limit] }`. NaN is outside every limit. */
export function withinLimits(numbers, more = '') {
  const entries = Object.entries(numbers)
  const passed = entries.every(([, [value, limit]]) => value <= limit)
  const text = (pick) => entries.map(([name, pair]) => `${name} ${pick(pair)}`).join(', ')
  return {
    result: passed ? 'passed' : 'failed',
    found: `${text(([value]) => (Number.isFinite(value) ? value.toExponential(1) : String(value)))}${more}`,
    wanted: `at most ${text(([, limit]) => limit.toExponential(0))}`
  }
}

/** Rows for checks that could not run, or failed without a measurement. */
export const missing = (found) => ({ result: 'missing', found })
export const failed = (found) => ({ result: 'failed', found })
