export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
}

const STYLE = `
:root { color-scheme: light dark; --text: #1a1d21; --soft: #59616a; --line: #d5dadf; --back: #fff; --panel: #f6f7f9; --mark: #ffe08a; --shade: #0004;
  --c0: #2463eb; --c1: #d9480f; --c2: #2b8a3e; --c3: #9c36b5; --c4: #0b7285; --c5: #a61e4d }
@media (prefers-color-scheme: dark) {
  :root { --text: #e8eaed; --soft: #9aa3ad; --line: #3a4149; --back: #16181b; --panel: #1f2226; --mark: #6b5200; --shade: #fff4;
    --c0: #7aa2ff; --c1: #ff9a62; --c2: #6fcf80; --c3: #d58ae8; --c4: #5cc8da; --c5: #f583a8 }
}
body { margin: 0 auto; padding: 1rem; max-width: 76rem; font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back) }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2rem } h3 { font-size: 1rem } p, figcaption { color: var(--soft) } figure { margin: 1rem 0 }
svg { display: block; width: 100%; max-width: 40rem; height: auto; background: var(--panel); border-radius: 8px }
svg text { fill: var(--soft); font: 12px system-ui, sans-serif } .axis { stroke: var(--line) } .curve { fill: none; stroke-width: 2 }
.equal { stroke: var(--soft); stroke-dasharray: 4 4 }
.scroll { overflow-x: auto; max-width: 100%; margin: .6rem 0; border-radius: 6px; scrollbar-width: thin; background:
  linear-gradient(to right, var(--back) 40%, transparent) 0 0 / 3rem 100%, linear-gradient(to left, var(--back) 40%, transparent) 100% 0 / 3rem 100%,
  linear-gradient(to right, var(--shade), transparent) 0 0 / 1rem 100%, linear-gradient(to left, var(--shade), transparent) 100% 0 / 1rem 100%;
  background-repeat: no-repeat; background-attachment: local, local, scroll, scroll }
.scroll:focus-visible { outline: 2px solid var(--c0) }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(20rem, 100%), 1fr)); gap: 0 2rem; margin: .6rem 0 }
.facts div { display: flex; justify-content: space-between; gap: 1rem; padding: .25rem 0; border-bottom: 1px solid var(--line) }
.facts dt { color: var(--soft) } .facts dd { margin: 0; text-align: right; overflow-wrap: anywhere; font-variant-numeric: tabular-nums }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap }
th:first-child, td:first-child { text-align: left }
@media (min-width: 60rem) { figure { display: inline-block; vertical-align: top; width: calc(50% - 1rem); margin-right: .8rem } }
.legend span { display: inline-block; margin-right: 1rem; white-space: nowrap }
.legend i { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin-right: .35em }
.pair { background: var(--panel); border-radius: 8px; padding: .7rem 1rem; margin: .8rem 0; overflow-wrap: anywhere }
.pair p, .pair summary { margin: .3rem 0; color: var(--text) } summary { cursor: pointer } mark { background: var(--mark); color: inherit }
`

/** An HTML page without scripts or other files, for narrow screens and for light and dark mode. `sections` are HTML. */
export function page(title: string, sections: readonly string[]): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><style>${STYLE}</style></head>
<body><main><h1>${escapeHtml(title)}</h1>
${sections.join('\n')}
</main></body></html>
`
}

/** `content` is HTML. */
export function section(title: string, ...content: readonly string[]): string {
  return `<section><h2>${escapeHtml(title)}</h2>\n${content.join('\n')}</section>`
}

/** Scrolls sideways on a narrow screen, by keyboard too; shades at its edges show that there is more. */
export function htmlTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: string, row: readonly string[]) =>
    `<tr>${row.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join('')}</tr>`
  const body = rows.map((row) => cells('td', row)).join('')
  const name = escapeHtml(`Table: ${head.join(', ')}`)
  return `<div class="scroll" tabindex="0" role="group" aria-label="${name}"><table><thead>${cells('th', head)}</thead><tbody>${body}</tbody></table></div>`
}

/** Names with their values, side by side where there is room. Long values wrap. */
export function factList(facts: readonly (readonly [name: string, value: string])[]): string {
  const items = facts.map(([name, value]) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`)
  return `<dl class="facts">${items.join('')}</dl>`
}
