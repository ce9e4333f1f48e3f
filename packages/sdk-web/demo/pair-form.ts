import { TASKS, type MatchResult, type Task } from '@sohu-match/sdk-web'
import { element, make } from './element'
import { inOrder, lengthsOf, type Lengths } from './lengths'
import { meter, verdict } from './meter'
import type { ModelPanel } from './model-panel'
import { cutAfter, reading } from './reading'
import type { Settings } from './settings'
import { fromHash, toHash } from './share'
import { EXAMPLES, type TextKey } from './text'

/** The judgements of two texts under all tasks. */
interface Judged {
  readonly a: string
  readonly b: string
  readonly lengths: Lengths
  readonly results: ReadonlyMap<Task, MatchResult>
  readonly milliseconds: number
}

/** Two texts: the verdict of the two tasks for their lengths in a sentence, the texts as they were read, the other tasks folded away. */
export function createPairForm(panel: ModelPanel, settings: Settings): void {
  const form = element('pair', HTMLFormElement)
  const [a, b] = [element('text-a', HTMLTextAreaElement), element('text-b', HTMLTextAreaElement)]
  const timing = element('timing', HTMLOutputElement)
  let judged: Judged | undefined
  let asked = 0

  const show = (): void => {
    showVerdict(judged, panel, settings)
    timing.textContent = judged ? timingText(judged, panel, settings) : ''
  }

  async function compare(): Promise<void> {
    const { matcher } = panel
    if (!matcher) return
    const current = ++asked
    const started = performance.now()
    const texts = { a: a.value, b: b.value }
    try {
      const results = await matcher.matchMany(TASKS.map((task) => inOrder(texts.a, texts.b, task)))
      if (current !== asked) return // other texts have been asked for meanwhile
      judged = {
        ...texts,
        lengths: lengthsOf(texts.a, texts.b),
        results: new Map(TASKS.map((task, i) => [task, results[i]!])),
        milliseconds: performance.now() - started
      }
      show()
      panel.refresh()
    } catch (error) {
      timing.textContent = String(error instanceof Error ? error.message : error)
    }
  }

  wireExamples(form, { a, b }, settings, () => void compare())
  wireSharing({ a, b }, settings)
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void compare()
  })
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.requestSubmit()
  })
  element('windows', HTMLInputElement).addEventListener('change', ({ target }) => {
    judged = undefined
    void panel.load((target as HTMLInputElement).checked)
  })
  settings.onLanguage(show)
  panel.onChange(() => {
    form.querySelector<HTMLButtonElement>('button.main')!.disabled = !panel.matcher
    if (panel.matcher && !judged) void compare()
  })
}

function wireExamples(
  form: HTMLFormElement,
  { a, b }: Readonly<Record<'a' | 'b', HTMLTextAreaElement>>,
  settings: Settings,
  chosen: () => void
): void {
  const example = element('example', HTMLSelectElement)
  const fill = (): void => {
    const { a: one, b: other } = EXAMPLES[Number(example.value)]!
    a.value = one
    b.value = other
  }
  settings.onLanguage(() => {
    const before = example.value || '0'
    example.replaceChildren(
      ...EXAMPLES.map(({ name }, index) => make('option', { value: String(index) }, name[settings.language]))
    )
    example.value = before
  })
  example.addEventListener('change', () => {
    fill()
    chosen()
  })
  fill()
  void fromHash(location.hash).then((shared) => {
    if (!shared) return
    a.value = shared.a
    b.value = shared.b
    form.requestSubmit()
  })
}

/** A button that puts the texts into the address and copies it. */
function wireSharing({ a, b }: Readonly<Record<'a' | 'b', HTMLTextAreaElement>>, settings: Settings): void {
  const said = element('shared', HTMLOutputElement)
  element('share', HTMLButtonElement).addEventListener('click', async () => {
    history.replaceState(null, '', `#${await toHash({ a: a.value, b: b.value })}`)
    const copied = await navigator.clipboard?.writeText(location.href).then(
      () => true,
      () => false // a browser that does not allow it: the address has the link all the same
    )
    said.textContent = settings.t(copied ? 'linkCopied' : 'linkInAddress')
  })
  for (const text of [a, b])
    text.addEventListener('input', () => {
      said.textContent = ''
    })
}

function timingText({ results, milliseconds, lengths }: Judged, panel: ModelPanel, settings: Settings): string {
  const { tokenCount, truncated } = results.get(`A-${lengths}`)!
  return [
    `${settings.number(milliseconds, 0)} ms`,
    `${tokenCount} ${settings.t('tokens')}`,
    panel.matcher?.info.device ?? '',
    ...(truncated ? [settings.t('truncated')] : [])
  ].join(' · ')
}

function showVerdict(judged: Judged | undefined, panel: ModelPanel, settings: Settings): void {
  const sentence = element('sentence', HTMLParagraphElement)
  const [scores, others, texts] = ['scores', 'other-scores', 'read'].map((id) => element(id, HTMLDivElement))
  element('others', HTMLDetailsElement).hidden = !judged
  sentence.textContent = judged ? sentenceOf(judged, settings) : ''
  scores!.replaceChildren(...rows(judged?.lengths ?? 'ss', judged, settings))
  others!.replaceChildren(
    ...(['ss', 'sl', 'll'] as const)
      .filter((lengths) => lengths !== judged?.lengths)
      .flatMap((lengths) => rows(lengths, judged, settings))
  )
  const truncated = judged?.results.get(`A-${judged.lengths}`)!.truncated === true
  const limit = panel.matcher?.info.limits.maxLength
  const cut = (text: string): number | undefined => (truncated && limit ? cutAfter(text, limit) : undefined)
  texts!.replaceChildren(
    ...(judged
      ? [reading(judged.a, judged.b, cut(judged.a), settings), reading(judged.b, judged.a, cut(judged.b), settings)]
      : [])
  )
  const windows = element('windows', HTMLInputElement)
  windows.parentElement!.hidden = !truncated && !windows.checked
}

/** What the two tasks for these lengths say, in a sentence. */
function sentenceOf({ lengths, results }: Judged, settings: Settings): string {
  const [topic, event] = [results.get(`A-${lengths}`)!, results.get(`B-${lengths}`)!]
  const key: TextKey = event.label ? 'sayEvent' : topic.label ? 'sayTopic' : 'sayNeither'
  return settings.t(key)
}

function rows(lengths: Lengths, judged: Judged | undefined, settings: Settings): HTMLElement[] {
  return (['A', 'B'] as const).map((criterion) => {
    const name = `${settings.t(criterion)}, ${settings.t(lengths)}`
    const result = judged?.results.get(`${criterion}-${lengths}`)
    const node = make(
      'div',
      { className: 'score' },
      make('span', {}, `${settings.t(criterion)} · ${settings.t(lengths)}`),
      result ? verdict(result, settings) : make('span', { className: 'verdict' }, '–'),
      result ? meter(name, result, settings) : make('div', { className: 'meter' })
    )
    if (result) node.dataset.label = String(result.label)
    return node
  })
}
