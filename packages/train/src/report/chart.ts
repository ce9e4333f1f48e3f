import { escapeHtml } from './page'

/** A named curve; points whose y is NaN are omitted. */
export interface Series {
  readonly name: string
  readonly points: readonly (readonly [x: number, y: number])[]
}

export interface ChartOptions {
  readonly title: string
  readonly xLabel: string
  readonly series: readonly Series[]
  /** Fixed range of the y axis. Default: the range of the data. */
  readonly y?: readonly [low: number, high: number]
  /** Draws the line where y is x. */
  readonly diagonal?: boolean
}

/** In units of the view box. */
const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [480, 260, 56, 20, 14, 38]
const COLORS = 6
/** More points than the drawing has columns add bytes, not detail. */
const MOST_POINTS = 600
/** Curves of up to this many points have dots: a single point has no line. */
const FEW_POINTS = 12

/** A line chart with a legend as inline SVG; colors are the page's. */
export function lineChart({ title, xLabel, series, y, diagonal = false }: ChartOptions): string {
  const curves = series.map((one) => ({
    ...one,
    points: thinned(one.points.filter(([, value]) => Number.isFinite(value)))
  }))
  const points = curves.flatMap((one) => one.points)
  if (points.length === 0) return ''
  const xTicks = ticks(extent(points.map(([x]) => x)))
  const yTicks = ticks(y ?? extent(points.map(([, value]) => value)))
  const [x0, x1, y0, y1] = [xTicks[0]!, xTicks.at(-1)!, yTicks[0]!, yTicks.at(-1)!]
  const px = (x: number) => (LEFT + ((x - x0) / (x1 - x0)) * (WIDTH - LEFT - RIGHT)).toFixed(1)
  const py = (value: number) => (HEIGHT - BOTTOM - ((value - y0) / (y1 - y0)) * (HEIGHT - TOP - BOTTOM)).toFixed(1)
  const grid = [
    ...yTicks.map(
      (value) =>
        `<line class="axis" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${py(value)}" y2="${py(value)}"/>` +
        `<text x="${LEFT - 8}" y="${py(value)}" dy="4" text-anchor="end">${label(value)}</text>`
    ),
    ...xTicks.map(
      (value) => `<text x="${px(value)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${label(value)}</text>`
    )
  ]
  const path = (points: Series['points']) =>
    points.map(([x, value], i) => `${i === 0 ? 'M' : 'L'}${px(x)} ${py(value)}`).join('')
  const lines = curves.map((one, i) => {
    const color = `var(--c${i % COLORS})`
    const dots = one.points.length > FEW_POINTS ? [] : one.points
    const circles = dots.map(([x, value]) => `<circle cx="${px(x)}" cy="${py(value)}" r="3" fill="${color}"/>`)
    return `<path class="curve" stroke="${color}" d="${path(one.points)}"/>${circles.join('')}`
  })
  const [from, to] = [Math.max(x0, y0), Math.min(x1, y1)]
  const equal = diagonal ? `<path class="equal" d="M${px(from)} ${py(from)}L${px(to)} ${py(to)}"/>` : ''
  const legend = curves
    .map((one, i) => `<span><i style="background:var(--c${i % COLORS})"></i>${escapeHtml(one.name)}</span>`)
    .join('')
  return (
    `<figure><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(title)}">${grid.join('')}${equal}${lines.join('')}` +
    `<text x="${WIDTH - RIGHT}" y="${HEIGHT - 6}" text-anchor="end">${escapeHtml(xLabel)}</text></svg>` +
    `<figcaption class="legend">${escapeHtml(title)}<br>${curves.length > 1 ? legend : ''}</figcaption></figure>`
  )
}

/** About five round numbers (1, 2 or 5 times a power of ten apart) that enclose the range. */
export function ticks([low, high]: readonly [number, number]): number[] {
  const span = high > low ? high - low : Math.abs(low) || 1
  const power = 10 ** Math.floor(Math.log10(span / 4))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => span / size <= 5.0001)!
  const first = Math.floor(low / step + 1e-9)
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9))
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)))
}

function extent(values: readonly number[]): readonly [number, number] {
  return values.reduce<readonly [number, number]>(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Infinity, -Infinity]
  )
}

/** Averages neighboring points, so that at most `MOST_POINTS` remain. */
function thinned(points: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] {
  const size = Math.ceil(points.length / MOST_POINTS)
  if (size <= 1) return points
  return Array.from({ length: Math.ceil(points.length / size) }, (_, i) => {
    const part = points.slice(i * size, (i + 1) * size)
    return [
      part.reduce((sum, [x]) => sum + x, 0) / part.length,
      part.reduce((sum, [, value]) => sum + value, 0) / part.length
    ] as const
  })
}

function label(value: number): string {
  if (value !== 0 && Math.abs(value) < 1e-3) return value.toExponential()
  return Math.abs(value) >= 1e4 ? value.toLocaleString('en-US') : String(value)
}
