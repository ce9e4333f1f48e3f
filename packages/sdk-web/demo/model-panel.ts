import {
  clearCache,
  createMatcher,
  MatcherError,
  type LoadProgress,
  type Matcher,
  type MatcherOptions
} from '@sohu-match/sdk-web'
import { element, make } from './element'
import type { Settings } from './settings'
import type { TextKey } from './text'

/** The matcher of the page, and its observers. */
export interface ModelPanel {
  readonly matcher: Matcher | undefined
  /** Calls `render` now and whenever the matcher changes. */
  onChange(render: () => void): void
  /** Shows the current `info`. */
  refresh(): void
  /** Long texts are cut, or read whole in overlapping windows. Default: as before. */
  load(windows?: boolean): Promise<void>
}

/** In tokens; half of each window is read again in the next. */
const WINDOWS = { window: 256, stride: 128, combine: 'max' } as const

/** Loads the model; shows progress, device and reasons. */
export function createModelPanel(model: string, settings: Settings): ModelPanel {
  const renders: (() => void)[] = []
  const device = element('device', HTMLSelectElement)
  const cancel = element('cancel', HTMLButtonElement)
  let matcher: Matcher | undefined
  let abort: AbortController | undefined
  let seconds = 0
  let inWindows = false
  let state: { key: TextKey; more?: string; failed?: boolean } = { key: 'loading' }

  const show = (): void => {
    const status = element('status', HTMLParagraphElement)
    const about = matcher && state.key === 'ready' ? ` · ${matcher.info.device} · ${matcher.info.dtype}` : ''
    status.textContent = settings.t(state.key) + (state.more ? `: ${state.more}` : about)
    status.classList.toggle('error', state.failed === true)
    cancel.hidden = abort === undefined
    element('demo-model', HTMLParagraphElement).hidden = matcher?.info.model !== 'sohu-demo'
    showFacts(matcher, seconds, settings)
  }
  const changed = (next: typeof state): void => {
    state = next
    show()
    for (const render of renders) render()
  }

  async function load(windows = inWindows): Promise<void> {
    inWindows = windows
    abort?.abort()
    const current = (abort = new AbortController())
    await matcher?.dispose()
    matcher = undefined
    changed({ key: 'loading' })
    const downloads = createDownloads(settings)
    const started = performance.now()
    try {
      const loaded = await createMatcher({
        model,
        device: device.value as MatcherOptions['device'],
        signal: current.signal,
        ...(windows && { truncation: WINDOWS }),
        onProgress: downloads.show
      })
      if (current.signal.aborted) return await loaded.dispose()
      matcher = loaded
      seconds = (performance.now() - started) / 1000
      abort = undefined
      changed({ key: 'ready' })
    } catch (error) {
      if (current !== abort) return
      abort = undefined
      if (current.signal.aborted) changed({ key: 'cancelled' })
      else
        changed({
          key: 'failed',
          more: error instanceof MatcherError ? `${error.code} · ${error.message}` : String(error),
          failed: true
        })
    } finally {
      if (current === abort || abort === undefined) downloads.end()
    }
  }

  device.addEventListener('change', () => void load())
  cancel.addEventListener('click', () => abort?.abort())
  element('clear', HTMLButtonElement).addEventListener('click', async () => {
    await clearCache()
    changed({ key: 'cleared' })
  })
  settings.onLanguage(show)
  return {
    get matcher() {
      return matcher
    },
    onChange(render) {
      renders.push(render)
      render()
    },
    refresh: show,
    load
  }
}

/** A bar for each file being loaded. */
function createDownloads(settings: Settings): { show(progress: LoadProgress): void; end(): void } {
  const list = element('downloads', HTMLDivElement)
  const rows = new Map<string, { bar: HTMLProgressElement; size: HTMLElement }>()
  list.replaceChildren()
  const megabytes = (bytes: number) => settings.number(bytes / 1e6, 1)
  return {
    show({ phase, file, loaded, total }) {
      let row = rows.get(file)
      if (!row) {
        row = { bar: make('progress', { ariaLabel: file }), size: make('span') }
        rows.set(file, row)
        list.append(make('div', { className: 'download' }, make('span', {}, file), row.bar, row.size))
        list.hidden = false
      }
      row.bar.max = total
      if (phase === 'compile' && loaded < total) row.bar.removeAttribute('value')
      else row.bar.value = loaded
      row.size.textContent = `${settings.t(phase)} ${megabytes(loaded)} / ${megabytes(total)} MB`
    },
    end: () => {
      list.hidden = true
    }
  }
}

function showFacts(matcher: Matcher | undefined, seconds: number, settings: Settings): void {
  element('details', HTMLDetailsElement).hidden = matcher === undefined
  if (!matcher) return
  const { device, dtype, threads, storage, fetchedBytes, reusedBytes, reasons, notes, vectors } = matcher.info
  const facts: [TextKey, string][] = [
    ['factDevice', `${device} (${reasons.find((reason) => reason.taken)?.reason ?? ''})`],
    ['factDtype', dtype],
    ['factThreads', String(threads)],
    [
      'factStorage',
      `${storage === 'none' ? settings.t('none') : storage} · ${settings.number(reusedBytes / 1e6, 1)} MB`
    ],
    ['factNetwork', `${settings.number(fetchedBytes / 1e6, 1)} MB`],
    ['factLoad', `${settings.number(seconds, 2)} s`],
    ...(vectors ? [['factVectors', `${vectors.cached} × ${vectors.hidden}`] as [TextKey, string]] : []),
    [
      'factReasons',
      [...reasons.filter((reason) => !reason.taken).map(({ device, reason }) => `${device}: ${reason}`), ...notes].join(
        '; '
      ) || settings.t('none')
    ]
  ]
  element('facts', HTMLDListElement).replaceChildren(
    ...facts.flatMap(([key, value]) => [make('dt', {}, settings.t(key)), make('dd', {}, value)])
  )
}
