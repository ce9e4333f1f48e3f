import { TASKS, type RankedMatch, type Task } from '@sohu-match/sdk-web'
import { element, make } from './element'
import { meter, verdict } from './meter'
import type { ModelPanel } from './model-panel'
import type { Settings } from './settings'
import { RANK_EXAMPLE, type TextKey } from './text'

/** Lines that are ranked at once: more would keep a phone busy for minutes. */
const MOST_LINES = 200

/** A query against lines of text, best first. */
export function createRankForm(panel: ModelPanel, settings: Settings): void {
  const form = element('rank', HTMLFormElement)
  const query = element('query', HTMLTextAreaElement)
  const candidates = element('candidates', HTMLTextAreaElement)
  const task = element('rank-task', HTMLSelectElement)
  const timing = element('rank-timing', HTMLOutputElement)
  let ranked: RankedMatch[] = []
  const progress = element('rank-progress', HTMLProgressElement)
  let milliseconds = 0
  let leftOut = 0

  const show = (): void => {
    element('ranking', HTMLOListElement).replaceChildren(
      ...ranked.map((match) => {
        const item = make(
          'li',
          {},
          make('span', { lang: 'zh-CN' }, match.text),
          verdict(match, settings),
          meter(match.text, match, settings)
        )
        item.dataset.label = String(match.label)
        return item
      })
    )
    timing.textContent =
      ranked.length === 0
        ? ''
        : [
            `${ranked.length} ${settings.t('pairs')}`,
            `${settings.t('total')} ${settings.number(milliseconds, 0)} ms`,
            `${settings.t('perPair')} ${settings.number(milliseconds / ranked.length, 0)} ms`,
            ...(leftOut > 0 ? [settings.t('linesLeftOut').replace('#', String(leftOut))] : [])
          ].join(' · ')
  }

  async function rank(): Promise<void> {
    const lines = candidates.value
      .split('\n')
      .map((line) => line.trim())
      .filter(Boolean)
    if (!panel.matcher || lines.length === 0) return
    const started = performance.now()
    leftOut = Math.max(0, lines.length - MOST_LINES)
    progress.hidden = false
    progress.removeAttribute('value')
    try {
      ranked = await panel.matcher.rank(query.value, lines.slice(0, MOST_LINES), task.value as Task, {
        onProgress: ({ done, total }) => Object.assign(progress, { max: total, value: done })
      })
      milliseconds = performance.now() - started
      show()
      panel.refresh()
    } catch (error) {
      timing.textContent = String(error instanceof Error ? error.message : error)
    } finally {
      progress.hidden = true
    }
  }

  query.value = RANK_EXAMPLE.query
  candidates.value = RANK_EXAMPLE.candidates
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void rank()
  })
  settings.onLanguage(() => {
    progress.ariaLabel = settings.t('ranking')
    const chosen = task.value || 'B-ss'
    task.replaceChildren(
      ...TASKS.map((value) =>
        make('option', { value }, `${settings.t(value[0] as TextKey)} · ${settings.t(value.slice(2) as TextKey)}`)
      )
    )
    task.value = chosen
    show()
  })
  panel.onChange(() => {
    form.querySelector<HTMLButtonElement>('button.main')!.disabled = !panel.matcher
  })
}
