import { STARTS } from './cells.mjs'

/** Size and margins of a panel, in units of the view box. */
const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [420, 300, 44, 12, 34, 44]
const LEGEND = 28
/** Colors that people with color blindness can distinguish (Okabe and Ito 2008), legible on white and on black. */
const COLORS = ['#0072b2', '#d55e00', '#009e73', '#888888']

/** F1 by the number of labelled pairs: a panel per data set, a line per start, averaged over seeds. */
export function chart(results) {
  const tuned = results.filter(({ pairs }) => pairs > 0)
  const distinct = (key) => [...new Set(tuned.map((cell) => cell[key]))]
  const [sets, sizes] = [distinct('data'), distinct('pairs').sort((a, b) => a - b)]
  const starts = Object.keys(STARTS).filter((start) => distinct('start').includes(start))
  const low = Math.floor(Math.min(...tuned.map(({ f1 }) => f1.value)) * 20) / 20
  const high = Math.ceil(Math.max(...tuned.map(({ f1 }) => f1.value)) * 20) / 20
  const panels = sets.map((set, i) => {
    const of = tuned.filter(({ data }) => data === set)
    return `<g transform="translate(${i * WIDTH} 0)">${panel(set, of, { sizes, starts, range: [low, Math.max(high, low + 0.05)] })}</g>`
  })
  const width = Math.max(sets.length, 1) * WIDTH
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${HEIGHT + LEGEND}" width="${width}" role="img" ` +
    `aria-label="F1 on test by the number of labelled pairs" font-family="sans-serif" font-size="12">` +
    `<rect width="100%" height="100%" fill="#fff"/>${panels.join('')}${legend(starts)}</svg>\n`
  )
}

function panel(title, cells, { sizes, starts, range: [low, high] }) {
  const span = Math.log(sizes.at(-1) / sizes[0]) || 1
  const x = (pairs) => (LEFT + 14 + (Math.log(pairs / sizes[0]) / span) * (WIDTH - LEFT - RIGHT - 28)).toFixed(1)
  const y = (f1) => (HEIGHT - BOTTOM - ((f1 - low) / (high - low)) * (HEIGHT - TOP - BOTTOM)).toFixed(1)
  const ticks = Array.from({ length: Math.round((high - low) / 0.05) + 1 }, (_, i) => low + 0.05 * i)
  const grid = ticks.map(
    (f1) =>
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(f1)}" y2="${y(f1)}" stroke="#ddd"/>` +
      `<text x="${LEFT - 6}" y="${y(f1)}" dy="4" text-anchor="end">${f1.toFixed(2)}</text>`
  )
  const labels = sizes.map(
    (pairs) =>
      `<text x="${x(pairs)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${pairs.toLocaleString('en-US')}</text>`
  )
  const lines = starts.map((start) => {
    const points = sizes
      .map((pairs) => [pairs, mean(cells.filter((cell) => cell.start === start && cell.pairs === pairs))])
      .filter(([, f1]) => f1 !== undefined)
      .map(([pairs, f1]) => [x(pairs), y(f1)])
    const color = colorOf(start)
    const dots = points.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3.5" fill="${color}"/>`).join('')
    return `<polyline points="${points.join(' ')}" fill="none" stroke="${color}" stroke-width="2"/>${dots}`
  })
  const middle = (LEFT + WIDTH - RIGHT) / 2
  return (
    `<text x="${middle}" y="20" text-anchor="middle" font-weight="bold">${escaped(title)}</text>${grid.join('')}${labels.join('')}${lines.join('')}` +
    `<text x="${middle}" y="${HEIGHT - 8}" text-anchor="middle">labelled pairs</text><text x="${LEFT}" y="${TOP - 8}" text-anchor="end">F1</text>`
  )
}

function legend(starts) {
  return starts
    .map(
      (start, i) =>
        `<g transform="translate(${LEFT + 14 + (i % 4) * 96} ${HEIGHT + 12})"><circle r="4" fill="${colorOf(start)}"/>` +
        `<text x="9" dy="4" font-size="10">${escaped(STARTS[start].name)}</text></g>`
    )
    .join('')
}

const colorOf = (start) => COLORS[Object.keys(STARTS).indexOf(start)]

function mean(cells) {
  return cells.length === 0 ? undefined : cells.reduce((sum, { f1 }) => sum + f1.value, 0) / cells.length
}

const escaped = (text) => text.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`)
