import { TASKS, type MatchResult, type Task } from '@sohu-match/sdk-web'
import { element, make } from './element'
import { meter, verdict } from './meter'
import type { ModelPanel } from './model-panel'
import type { Settings } from './settings'
import { EXAMPLES, type TextKey } from './text'

/** Two texts under all six tasks, one column per criterion. */
export function createPairForm(panel: ModelPanel, settings: Settings): void {
  const form = element('pair', HTMLFormElement)
  const a = element('text-a', HTMLTextAreaElement)
  const b = element('text-b', HTMLTextAreaElement)
  const timing = element('timing', HTMLOutputElement)
  const example = element('example', HTMLSelectElement)
  let results: MatchResult[] = []
  let milliseconds = 0

  const show = (): void => {
    element('scores', HTMLDivElement).replaceChildren(
      ...(['A', 'B'] as const).map((criterion) => column(criterion, results, settings))
    )
    const [first] = results
    const parts = first
      ? [
          `${settings.number(milliseconds, 0)} ms`,
          `${first.tokenCount} ${settings.t('tokens')}`,
          panel.matcher?.info.device ?? ''
        ]
      : []
    if (results.some((result) => result.truncated)) parts.push(settings.t('truncated'))
    timing.textContent = parts.join(' · ')
  }

  async function compare(): Promise<void> {
    const { matcher } = panel
    if (!matcher) return
    const started = performance.now()
    try {
      results = await matcher.matchMany(TASKS.map((task) => ({ a: a.value, b: b.value, task })))
      milliseconds = performance.now() - started
      show()
      panel.refresh()
    } catch (error) {
      timing.textContent = String(error instanceof Error ? error.message : error)
    }
  }

  const fill = (): void => {
    const chosen = EXAMPLES[Number(example.value)]!
    a.value = chosen.a
    b.value = chosen.b
  }
  example.addEventListener('change', () => {
    fill()
    void compare()
  })
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void compare()
  })
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.requestSubmit()
  })
  settings.onLanguage(() => {
    const chosen = example.value || '0'
    example.replaceChildren(
      ...EXAMPLES.map(({ name }, index) => make('option', { value: String(index) }, name[settings.language]))
    )
    example.value = chosen
    show()
  })
  fill()
  panel.onChange(() => {
    form.querySelector<HTMLButtonElement>('button.main')!.disabled = !panel.matcher
    if (panel.matcher && results.length === 0) void compare()
  })
}

function column(criterion: 'A' | 'B', results: readonly MatchResult[], settings: Settings): HTMLElement {
  const rows = TASKS.map((task, index) => ({ task, result: results[index] })).filter(({ task }) =>
    task.startsWith(criterion)
  )
  return make(
    'section',
    { className: 'column' },
    make('h3', {}, `${criterion} · ${settings.t(criterion)}`),
    ...rows.map(({ task, result }) => row(task, result, settings))
  )
}

function row(task: Task, result: MatchResult | undefined, settings: Settings): HTMLElement {
  const lengths = settings.t(task.slice(2) as TextKey)
  const node = make(
    'div',
    { className: 'score' },
    make('span', {}, lengths),
    result ? verdict(result, settings) : make('span', { className: 'verdict' }, '–')
  )
  if (result) node.dataset.label = String(result.label)
  const name = `${settings.t(task[0] as TextKey)}, ${lengths}`
  node.append(result ? meter(name, result, settings) : make('div', { className: 'meter' }))
  return node
}
