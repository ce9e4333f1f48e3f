import { createMatcher, type Matcher, type MatchResult, type Task } from '@sohu-match/sdk-web'

/**
 * `<match-texts model="/model/" task="B-ss" a="…" b="…">` shows how far the model is, then whether the texts match, again whenever an
 * attribute changes. It sends the events `match` (the result) and `failure` (the error) in `detail`.
 */
export class MatchTexts extends HTMLElement {
  static readonly observedAttributes = ['a', 'b', 'task']
  readonly #bar = document.createElement('progress')
  readonly #text = document.createElement('output')
  #abort = new AbortController()
  #matcher: Promise<Matcher> | undefined

  connectedCallback(): void {
    const root = this.shadowRoot ?? this.attachShadow({ mode: 'open' })
    root.replaceChildren(this.#bar, this.#text)
    this.#abort = new AbortController()
    this.#matcher = createMatcher({
      model: this.getAttribute('model') ?? '/model/',
      signal: this.#abort.signal,
      onProgress: ({ overall }) => {
        this.#bar.value = overall.loaded / overall.total
      }
    })
    void this.#judge()
  }

  disconnectedCallback(): void {
    this.#abort.abort()
    this.#matcher?.then(
      (matcher) => matcher.dispose(),
      () => undefined // an aborted load has nothing to dispose
    )
    this.#matcher = undefined
  }

  attributeChangedCallback(): void {
    if (this.#matcher) void this.#judge()
  }

  async #judge(): Promise<void> {
    const { signal } = this.#abort
    const read = (): string[] => ['a', 'b', 'task'].map((name) => this.getAttribute(name) ?? '')
    const asked = read()
    const [a, b, task] = asked
    const isOutdated = (): boolean => signal.aborted || read().some((text, i) => text !== asked[i]) // a later call answers
    try {
      const matcher = await this.#matcher!
      const result = await matcher.match(a!, b!, task as Task, { signal })
      if (isOutdated()) return
      this.#bar.remove()
      this.#text.value = `${result.label ? 'match' : 'no match'}, ${result.score.toFixed(3)}`
      this.dispatchEvent(new CustomEvent<MatchResult>('match', { detail: result }))
    } catch (error) {
      if (isOutdated()) return
      this.#text.value = String(error)
      this.dispatchEvent(new CustomEvent('failure', { detail: error }))
    }
  }
}

customElements.define('match-texts', MatchTexts)
