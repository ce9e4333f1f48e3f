/** WebDriver's code points for keys without a character (w3.org/TR/webdriver2, table of normalised key values). */
const KEYS: Readonly<Record<string, string>> = { Tab: '\uE004', Enter: '\uE007', Control: '\uE009' }

/** Key input, in the same form for WebDriver and WebDriver BiDi: keys pressed together, or one after another. */
export type KeyActions = [{ type: 'key'; id: string; actions: { type: 'keyDown' | 'keyUp'; value: string }[] }]

const sequence = (actions: KeyActions[0]['actions']): KeyActions => [{ type: 'key', id: 'keyboard', actions }]

/** Each character of `text`, one after another. */
export function typed(text: string): KeyActions {
  return sequence(
    [...text].flatMap((value) => [{ type: 'keyDown', value } as const, { type: 'keyUp', value } as const])
  )
}

/** Keys pressed together, such as `Control+Enter`. */
export function pressed(keys: string): KeyActions {
  const values = keys.split('+').map((key) => KEYS[key] ?? key.toLowerCase())
  const downs = values.map((value) => ({ type: 'keyDown', value }) as const)
  const ups = values.toReversed().map((value) => ({ type: 'keyUp', value }) as const)
  return sequence([...downs, ...ups])
}
