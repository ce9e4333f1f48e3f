import { ticks } from './chart'
import { escapeHtml } from './page'

/** A row of a dot chart: one dot for each value, a bar at their mean. */
export interface DotRow {
  readonly name: string
  readonly values: readonly number[]
}

/** In units of the view box. */
const [WIDTH, LEFT, RIGHT, TOP, ROW, BOTTOM] = [480, 170, 20, 8, 26, 36]
const COLORS = 6

/** Named rows of dots on one axis as inline SVG, which show location and spread of runs. NaN values are omitted. */
export function dotChart(title: string, rows: readonly DotRow[]): string {
  const shown = rows
    .map((row) => ({ ...row, values: row.values.filter(Number.isFinite) }))
    .filter(({ values }) => values.length > 0)
  if (shown.length === 0) return ''
  const all = shown.flatMap(({ values }) => values)
  const axis = ticks([Math.min(...all), Math.max(...all)])
  const height = TOP + ROW * shown.length + BOTTOM
  const [low, high, end] = [axis[0]!, axis.at(-1)!, height - BOTTOM]
  const px = (value: number): string => (LEFT + ((value - low) / (high - low)) * (WIDTH - LEFT - RIGHT)).toFixed(1)
  const grid = axis.map(
    (value) =>
      `<line class="axis" x1="${px(value)}" x2="${px(value)}" y1="${TOP}" y2="${end}"/><text x="${px(value)}" y="${end + 18}" text-anchor="middle">${value}</text>`
  )
  const drawn = shown.map(({ name, values }, i) => {
    const y = TOP + ROW * (i + 0.5)
    const mean = px(values.reduce((sum, value) => sum + value, 0) / values.length)
    const dots = values.map(
      (value) => `<circle cx="${px(value)}" cy="${y}" r="4" fill="var(--c${i % COLORS})" fill-opacity=".6"/>`
    )
    return (
      `<text x="${LEFT - 10}" y="${y}" dy="4" text-anchor="end">${escapeHtml(name)}</text>${dots.join('')}` +
      `<path class="curve" stroke="var(--c${i % COLORS})" d="M${mean} ${y - 9}V${y + 9}"/>`
    )
  })
  return (
    `<figure><svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeHtml(title)}">${grid.join('')}${drawn.join('')}</svg>` +
    `<figcaption>${escapeHtml(title)}: a dot for each seed, a bar at their mean</figcaption></figure>`
  )
}
