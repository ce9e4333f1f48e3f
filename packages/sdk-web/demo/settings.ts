import { TEXTS, type Language, type TextKey } from './text'
import { element } from './element'

/** Kept between visits. */
export interface Settings {
  readonly language: Language
  t(key: TextKey): string
  /** Calls `render` now and whenever the language changes. */
  onLanguage(render: () => void): void
  /** Formats a number in the page's language. */
  number(value: number, digits: number): string
}

/** Restores the choices of an earlier visit, or the browser's preferences, and connects the two switches. */
export function createSettings(): Settings {
  const renders: (() => void)[] = []
  let language: Language = (localStorage.getItem('language') ?? navigator.language).startsWith('zh') ? 'zh' : 'en'
  const settings: Settings = {
    get language() {
      return language
    },
    t: (key) => TEXTS[language][key],
    onLanguage(render) {
      renders.push(render)
      render()
    },
    number: (value, digits) =>
      value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits })
  }

  const button = element('language', HTMLButtonElement)
  settings.onLanguage(() => {
    document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en'
    button.textContent = language === 'zh' ? 'English' : '中文'
    button.lang = language === 'zh' ? 'en' : 'zh-CN'
    for (const node of document.querySelectorAll<HTMLElement>('[data-text]'))
      node.textContent = settings.t(node.dataset.text as TextKey)
  })
  button.addEventListener('click', () => {
    language = language === 'zh' ? 'en' : 'zh'
    localStorage.setItem('language', language)
    for (const render of renders) render()
  })
  wireTheme()
  return settings
}

function wireTheme(): void {
  const select = element('theme', HTMLSelectElement)
  const apply = () => {
    if (select.value === 'system') delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = select.value
  }
  select.value = localStorage.getItem('theme') ?? 'system'
  select.addEventListener('change', () => {
    localStorage.setItem('theme', select.value)
    apply()
  })
  apply()
}
