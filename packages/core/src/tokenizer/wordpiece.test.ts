import { expect, it } from 'vitest'
import { basicTokens, wordPieces } from './wordpiece'

const vocab = (...tokens: string[]) => ({ ids: new Map(tokens.map((token, id) => [token, id])), longest: 8 })

it('sets punctuation and ideographs apart, drops controls and cuts at white space', () => {
  expect(basicTokens('ab中c$\u200bd\u3000e\u2028f\0g')).toEqual(['ab', '中', 'c', '$', 'd', 'e', 'fg'])
})

it('takes the longest piece from the left', () => {
  expect(wordPieces('player', vocab('play', 'pl', '##er', '##ay', '##e', '##r'), 200)).toEqual(['play', '##er'])
})

it('leaves a word whole when any part is unknown', () => {
  expect(wordPieces('playing', vocab('play', '##in'), 200)).toEqual(['playing'])
  expect(wordPieces('play', vocab('##play'), 200)).toEqual(['play'])
})

it('cuts up to 200 characters, counted in code points', () => {
  const pieces = vocab('😀', '##😀')
  expect(wordPieces('😀'.repeat(200), pieces, 200)).toHaveLength(200)
  expect(wordPieces('😀'.repeat(201), pieces, 200)).toHaveLength(1)
})
