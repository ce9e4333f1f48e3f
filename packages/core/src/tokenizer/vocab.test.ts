import { describe, expect, it } from 'vitest'
import { parseVocab } from './vocab'

const base = ['[PAD]', '[MASK]', '[CLS]', '[UNK]', '[SEP]', '中国']

describe('parseVocab', () => {
  it('numbers lines from 0 and finds special tokens by name', () => {
    const vocab = parseVocab(base.join('\n') + '\n')
    expect(vocab).toMatchObject({ padId: 0, startId: 2, unknownId: 3, separatorId: 4, longest: 6, tokens: base })
    expect(vocab.ids.get('中国')).toBe(5)
  })

  it('takes the first token of a line, with any line ending', () => {
    expect(parseVocab(base.map((token) => ` ${token}\t17`).join('\r\n')).tokens).toEqual(base)
  })

  it.each(['\u2028', '\u0085', '\u3000', ' '])(
    'keeps the id of a line that is one white-space character: %j',
    (space) => {
      const vocab = parseVocab([...base, space, '人'].join('\n'))
      expect(vocab.tokens).toHaveLength(8)
      expect(vocab.ids.get('人')).toBe(7)
      // bert4keras: line.split() is empty, so the token is line.strip(), "": no text has it
      expect(vocab.ids.has(space)).toBe(false)
    }
  )

  it('keeps the ids of two such lines apart', () => {
    expect(parseVocab([...base, '\u2028', '\u3000', '人'].join('\n')).ids.get('人')).toBe(8)
  })

  it.each([
    ['a missing [UNK]', base.filter((token) => token !== '[UNK]'), '[UNK] is not among'],
    ['a missing [CLS]', base.filter((token) => token !== '[CLS]'), '[CLS] is not among'],
    ['a missing [SEP]', base.filter((token) => token !== '[SEP]'), '[SEP] is not among'],
    ['a missing [PAD]', base.slice(1), '[PAD] is not among'],
    ['a [PAD] that is not first', ['中', ...base], '[PAD] is on line 2'],
    ['a repeated token', [...base, '中国'], '"中国" is on lines 6 and 7'],
    ['a blank line', [...base, ' \u3000', '人'], 'line 7 is blank'],
    ['no token at all', [], '[PAD] is not among its 0 tokens']
  ])('reports %s as asset-corrupt', (_, lines, message) => {
    const expected = expect.objectContaining({ code: 'asset-corrupt', message: expect.stringContaining(message) })
    expect(() => parseVocab(lines.join('\n'))).toThrow(expected)
  })
})
