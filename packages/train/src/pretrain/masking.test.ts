import { parseVocab } from '@sohu-match/core'
import { describe, expect, it } from 'vitest'
import { createRandom } from '../data/random'
import { createMasking } from './masking'
import { encodeSequences, ROLE, type Sequences } from './sequences'
import { sentences, smallTokenizer, vocab } from './small.fixtures'

describe('sequences for pretraining', () => {
  it('have the ids that the tokenizer gives the whole text, with a role for each', async () => {
    const tools = await smallTokenizer()
    const { tokenIds, offsets, roles, firstLengths } = await encodeSequences(
      sentences.map((text) => [text]),
      tools,
      512
    )
    sentences.forEach((text, i) => {
      const ids = [...tokenIds.subarray(offsets[i]!, offsets[i + 1]!)]
      expect(ids).toEqual([tools.vocab.startId, ...tools.ids(text), tools.vocab.separatorId])
      const found = roles.subarray(offsets[i]!, offsets[i + 1]!)
      expect([found[0], found.at(-1)]).toEqual([ROLE.special, ROLE.special])
      expect(found.filter((role) => role === ROLE.starts)).toHaveLength(
        tools.words(text).filter((word) => tools.ids(word).length > 0).length
      )
      expect(firstLengths[i]).toBe(ids.length)
    })
  })

  it('cut a long text into several, and a pair as fine-tuning cuts it', async () => {
    const tools = await smallTokenizer()
    const text = sentences.slice(0, 6).join('')
    const single = await encodeSequences([[text], ['']], tools, 16)
    const parts = Array.from({ length: single.offsets.length - 1 }, (_, i) => [
      ...single.tokenIds.subarray(single.offsets[i]! + 1, single.offsets[i + 1]! - 1)
    ])
    expect(parts.flat()).toEqual([...tools.ids(text)])
    expect(parts.every((part) => part.length <= 14 && part.length > 0)).toBe(true)
    const pair = await encodeSequences([[text, sentences[7]!]], tools, 24)
    const wanted = tools.encode(text, sentences[7]!, 24)
    expect([...pair.tokenIds]).toEqual([...wanted.tokenIds])
    expect(pair.firstLengths[0]).toBe(wanted.segmentIds.indexOf(1))
  })
})

describe('masking', () => {
  const words = parseVocab(vocab)
  /** 400 sequences of 30 words, every third of three tokens. */
  const lengths = Array.from({ length: 400 }, () => 52)
  const roles = [0, ...Array.from({ length: 10 }, () => [1, 1, 1, 2, 2]).flat(), 0]
  const random = createRandom('ids')
  const sequences: Sequences = {
    tokenIds: Int32Array.from({ length: 400 * 52 }, () => 5 + random.below(300)),
    roles: Uint8Array.from(lengths.flatMap(() => roles)),
    offsets: Int32Array.from({ length: 401 }, (_, i) => 52 * i),
    firstLengths: Int32Array.from(lengths)
  }
  const all = Int32Array.from({ length: 400 }, (_, i) => i)

  it('hides whole words, about 15 % of them, and of their tokens 80 % as [MASK], 10 % as another, 10 % not at all', () => {
    const { places, labels, tokenIds } = createMasking(sequences, words, 0.15)(all, 1)
    const hidden = new Set(places)
    for (const place of places) {
      const role = roles[place % 52]!
      expect(role).not.toBe(ROLE.special)
      if (role === ROLE.continues) expect(hidden.has(place - 1)).toBe(true)
      if (roles[(place % 52) + 1] === ROLE.continues) expect(hidden.has(place + 1)).toBe(true)
    }
    labels.forEach((label, i) => expect(label).toBe(sequences.tokenIds[places[i]!]))
    // 12,000 words and 3,000 hidden tokens: the bounds are four standard deviations of a binomial share
    const share = (count: number, of: number, wanted: number): void =>
      expect(Math.abs(count / of - wanted)).toBeLessThan(4 * Math.sqrt((wanted * (1 - wanted)) / of))
    share([...places].filter((place) => roles[place % 52] === ROLE.starts).length, 400 * 30, 0.15)
    const masked = [...places].filter((place) => tokenIds[place] === words.ids.get('[MASK]')).length
    const kept = [...places].filter((place, i) => tokenIds[place] === labels[i]).length
    share(masked, places.length, 0.8)
    share(kept, places.length, 0.1)
    tokenIds.forEach((id, place) => {
      if (!hidden.has(place)) expect(id).toBe(sequences.tokenIds[place])
    })
  })

  it('is the same for the same seeds, another for others, and hides a word of every sequence', () => {
    const mask = createMasking(sequences, words, 0.001)
    const rows = (places: Int32Array): Set<number> => new Set([...places].map((place) => Math.floor(place / 52)))
    expect(mask(all, 1, 2)).toEqual(mask(all, 1, 2))
    expect(mask(all, 1, 2).places).not.toEqual(mask(all, 1, 3).places)
    expect(rows(mask(all, 1).places).size).toBe(400)
  })

  it('wants a vocabulary with [MASK]', () => {
    expect(() => createMasking(sequences, parseVocab('[PAD]\n[UNK]\n[CLS]\n[SEP]\n'), 0.15)).toThrow('no [MASK]')
  })
})
