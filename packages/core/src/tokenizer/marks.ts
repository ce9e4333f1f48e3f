const MARKS = /\p{Mn}+/gu
const DROPPED = /^\p{Mn}$/u

/** Runs of at least this many marks are sorted here. Real text has one to three. */
const LONG_RUN = /\p{M}{64,}/gu

/** Two marks of the lowest and the highest combining class above 0 (Unicode: overlays are 1, iota subscript is 240). */
const LOWEST = '\u0334'
const HIGHEST = '\u0345'

/**
 * NFD without the marks of category Mn (bert4keras: `''.join(c for c in normalize('NFD', text) if category(c) != 'Mn')`), in linear time.
 * NFD sorts each run of marks by combining class; ICU, which `String.prototype.normalize` calls, uses insertion sort and needs a minute for
 * 200 KB of marks.
 */
export function decomposeWithoutMarks(text: string): string {
  return text.replace(LONG_RUN, withoutMarks).normalize('NFD').replace(MARKS, '')
}

/**
 * Drops the marks of category Mn from a run and sorts the others canonically. A mark of class 0 (a starter) separates what can be sorted,
 * so it stays, whatever its category.
 */
function withoutMarks(run: string): string {
  const kinds = new Map<string, { readonly starter: boolean; readonly kept: boolean }>()
  const kindOf = (mark: string) => {
    const known = kinds.get(mark) ?? { starter: isStarter(mark), kept: !DROPPED.test(mark) }
    kinds.set(mark, known)
    return known
  }
  let out = ''
  let marks: string[] = [] // non-starters since the last starter that are not dropped
  for (const composed of run) {
    for (const mark of composed.normalize('NFD')) {
      const { starter, kept } = kindOf(mark)
      if (starter) {
        out += inOrder(marks) + mark
        marks = []
      } else if (kept) marks.push(mark)
    }
  }
  return out + inOrder(marks)
}

/** Whether a decomposed mark has combining class 0, so that it never swaps places with a neighbor. */
function isStarter(mark: string): boolean {
  return (mark + LOWEST).normalize('NFD') === mark + LOWEST && (HIGHEST + mark).normalize('NFD') === HIGHEST + mark
}

/** Sorts marks by combining class, stably: the engine sorts the few distinct ones, the rest is counting. */
function inOrder(marks: readonly string[]): string {
  const distinct = Array.from([...new Set(marks)].join('').normalize('NFD'))
  if (distinct.length < 2) return marks.join('')
  const classes = new Map<string, string[]>()
  let group: string[] = []
  distinct.forEach((mark, i) => {
    const previous = distinct[i - 1]
    if (previous === undefined || (mark + previous).normalize('NFD') !== mark + previous) group = []
    classes.set(mark, group)
  })
  for (const mark of marks) classes.get(mark)!.push(mark)
  return [...new Set(classes.values())].map((one) => one.join('')).join('')
}
