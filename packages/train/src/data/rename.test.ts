import { compileDictionary, createTokenizer, type Example } from '@sohu-match/core'
import { describe, expect, it } from 'vitest'
import { encodeExamples } from './encode'
import { textsOf } from './overlap'
import { renamer } from './rename'

/** 600 pairs of one frame, 的, and four of 600 names; the frame is in every text, a name in few. */
const names = Array.from({ length: 600 }, (_, i) => String.fromCodePoint(0x4e00 + i))
const tokenizer = createTokenizer(
  ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', '的', ...names].join('\n'),
  compileDictionary('的 3 n\n')
)
const examples = names.map((name, i): Example => {
  const [second, third, fourth] = [1, 2, 3].map((n) => names[(i + n * 50) % 600]!)
  return { a: `${name}的${second}${third}${name}`, b: `${name}的${fourth}`, task: 0, label: 1 }
})
const encoded = await encodeExamples(examples, tokenizer, { maxLength: 64 })
const tokensOf = (pair: number): Int32Array =>
  encoded.tokenIds.subarray(encoded.offsets[pair], encoded.offsets[pair + 1])
const SEP = 3
const FRAME = 5

describe('renamer', () => {
  const rename = renamer(encoded, tokenizer.vocab, { share: 0.5, seed: 1 })

  it('gives each rare word of a pair one name in both texts, and leaves frequent words and special tokens as they are', () => {
    for (let pair = 0; pair < 60; pair++) {
      const before = tokensOf(pair)
      const after = rename(before, pair, 0)
      expect(after).toHaveLength(before.length)
      const given = new Map<number, number>()
      before.forEach((id, i) => {
        if (id <= FRAME) expect(after[i]).toBe(id)
        else expect(after[i]).toBe(given.get(id) ?? after[i])
        given.set(id, after[i]!)
        expect(after[i]! > FRAME).toBe(id > FRAME)
      })
    }
  })

  it('renames the wanted share, drawn again each epoch by seed, epoch and pair alone', () => {
    const all = (epoch: number, seed = 1): number[] => {
      const fresh = renamer(encoded, tokenizer.vocab, { share: 0.5, seed })
      return examples.flatMap((_, pair) => [...fresh(tokensOf(pair), pair, epoch)])
    }
    const plain = [...encoded.tokenIds]
    const words = plain.filter((id) => id > FRAME).length
    const changed = all(0).filter((id, i) => id !== plain[i]).length
    expect(changed / words).toBeGreaterThan(0.45) // 0.5 less one name in 600 that is the own; 4 deviations of 2,400 draws are 0.04
    expect(changed / words).toBeLessThan(0.55)
    expect(all(0)).toEqual(all(0))
    expect(new Set([all(0).join(), all(1).join(), all(0, 2).join()]).size).toBe(3)
  })

  it('keeps which words two texts share, but for two words that chance gives one name', () => {
    const shared = (tokens: Int32Array): number => {
      const [a, b] = textsOf(
        {
          ...encoded,
          tokenIds: tokens,
          offsets: Int32Array.of(0, tokens.length),
          firstLengths: Int32Array.of(tokens.indexOf(SEP) + 1)
        },
        0
      )
      return new Set([...a].filter((id) => b.includes(id))).size
    }
    const differs = examples.filter((_, pair) => shared(tokensOf(pair)) !== shared(rename(tokensOf(pair), pair, 0)))
    expect(differs.length).toBeLessThan(10)
  })

  it('gives the very tokens where nothing is to be renamed', () => {
    expect(renamer(encoded, tokenizer.vocab, { share: 0, seed: 1 })(tokensOf(0), 0, 0)).toEqual(tokensOf(0))
  })
})
