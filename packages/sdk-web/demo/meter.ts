import type { MatchResult } from '@sohu-match/sdk-web'
import { make } from './element'
import type { Settings } from './settings'

/** The score as a number with its verdict in words, to put next to a bar. */
export function verdict(result: MatchResult<string>, settings: Settings): HTMLElement {
  return make(
    'span',
    { className: 'verdict' },
    `${settings.number(result.score, 3)} `,
    make('b', {}, settings.t(result.label ? 'yes' : 'no'))
  )
}

/** A bar from 0 to 1 with a line at the threshold; a screen reader announces name, score, threshold and verdict. */
export function meter(name: string, result: MatchResult<string>, settings: Settings): HTMLElement {
  const { score, threshold, label, truncated } = result
  const spoken = [
    `${settings.t('score')} ${settings.number(score, 3)}`,
    `${settings.t('threshold')} ${settings.number(threshold, 2)}`,
    settings.t(label ? 'yes' : 'no'),
    ...(truncated ? [settings.t('truncated')] : [])
  ].join(', ')
  const bar = make(
    'div',
    {
      className: 'meter',
      role: 'meter',
      ariaLabel: name,
      ariaValueMin: '0',
      ariaValueMax: '1',
      ariaValueNow: score.toFixed(3),
      ariaValueText: spoken
    },
    make('i'),
    make('b')
  )
  bar.style.setProperty('--score', String(score))
  bar.style.setProperty('--threshold', String(threshold))
  bar.title = spoken
  return bar
}
