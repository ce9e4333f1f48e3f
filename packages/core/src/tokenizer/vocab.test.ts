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
