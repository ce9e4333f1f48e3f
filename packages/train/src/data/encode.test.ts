import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compileDictionary, createTokenizer, type Example } from '@sohu-match/core'
import { describe, expect, it } from 'vitest'
import { encodeExamples, pairLengths } from './encode'

const vocab = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', ...'甲乙丙丁戊'].join('\n')
const dictionary = compileDictionary('甲 3 n\n乙 3 n\n')
const tokenizer = createTokenizer(vocab, dictionary)
const examples: Example[] = [
  { a: '甲乙', b: '丙', task: 0, label: 1 },
  { a: '', b: '甲丁戊乙', task: 5, label: 0 },
  { a: '乙乙乙乙乙乙', b: '丙己', task: 2, id: 'x' }
]

function counted() {
  let calls = 0
  const counting = {
    ...tokenizer,
    encode: (...args: Parameters<typeof tokenizer.encode>) => (calls++, tokenizer.encode(...args))
  }
  return { tokenizer: counting, calls: () => calls }
}

describe('encodeExamples', () => {
  it('lays pairs one after another, with the length of the first text, tasks and labels', async () => {
    const encoded = await encodeExamples(examples, tokenizer, { maxLength: 8 })
    const of = (i: number) => [...encoded.tokenIds.subarray(encoded.offsets[i], encoded.offsets[i + 1])]
    expect(of(0)).toEqual([2, 5, 6, 3, 7, 3])
    expect(of(1)).toEqual([2, 3, 5, 8, 9, 6, 3])
    expect(of(2)).toEqual([2, 6, 6, 6, 3, 7, 1, 3])
    expect([...encoded.firstLengths]).toEqual([4, 2, 5])
    expect([...encoded.truncated]).toEqual([0, 0, 1])
    expect([...encoded.taskIds]).toEqual([0, 5, 2])
    expect([...encoded.labels]).toEqual([1, 0, -1])
    expect([...pairLengths(encoded)]).toEqual([6, 7, 8])
  })

  it('tokenizes once, then reads the cache, and reports progress of both', async () => {
    const cache = { folder: join(mkdtempSync(join(tmpdir(), 'encode-')), 'cache'), dictionary }
    const first = counted()
    const seen: number[][] = []
    const fresh = await encodeExamples(examples, first.tokenizer, {
      maxLength: 8,
      cache,
      onProgress: (...progress) => seen.push(progress)
    })
    const second = counted()
    expect(
      await encodeExamples(examples, second.tokenizer, {
        maxLength: 8,
        cache,
        onProgress: (...progress) => seen.push(progress)
      })
    ).toEqual(fresh)
    expect([first.calls(), second.calls()]).toEqual([3, 0])
    expect(seen).toEqual([
      [3, 3],
      [3, 3]
    ])
  })

  it('rebuilds a truncated or damaged cache file', async () => {
    const cache = { folder: mkdtempSync(join(tmpdir(), 'encode-')), dictionary }
    const fresh = await encodeExamples(examples, tokenizer, { maxLength: 8, cache })
    const path = join(cache.folder, readdirSync(cache.folder)[0]!)
    const whole = readFileSync(path)
    const flipped = Uint8Array.from(whole)
    flipped[40]! ^= 1
    for (const bytes of [whole.subarray(0, whole.length - 8), flipped, new Uint8Array(0)]) {
      writeFileSync(path, bytes)
      const again = counted()
      expect(await encodeExamples(examples, again.tokenizer, { maxLength: 8, cache })).toEqual(fresh)
      expect(again.calls()).toBe(3)
      expect(readFileSync(path).equals(whole)).toBe(true)
    }
  })

  it('keeps apart what differs in texts, length, vocabulary or dictionary, but not in labels', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'encode-'))
    const cache = { folder, dictionary }
    const files = async (change: () => Promise<unknown>) => {
      await change()
      return readdirSync(folder).length
    }
    const base = { maxLength: 8, cache }
    expect(await files(() => encodeExamples(examples, tokenizer, base))).toBe(1)
    expect(
      await files(() =>
        encodeExamples(
          examples.map((example) => ({ ...example, task: 1, label: 0 as const })),
          tokenizer,
          base
        )
      )
    ).toBe(1)
    expect(await files(() => encodeExamples(examples, tokenizer, { ...base, maxLength: 9 }))).toBe(2)
    expect(
      await files(() =>
        encodeExamples([{ ...examples[0]!, a: '甲', b: '乙丙' }, ...examples.slice(1)], tokenizer, base)
      )
    ).toBe(3)
    expect(
      await files(() => encodeExamples(examples, createTokenizer(`${vocab}\n己`, compileDictionary('甲 3 n\n')), base))
    ).toBe(4)
    expect(
      await files(() =>
        encodeExamples(examples, tokenizer, { ...base, cache: { folder, dictionary: dictionary.subarray(1) } })
      )
    ).toBe(5)
  })

  it('says where it cannot write', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'encode-')), 'file')
    writeFileSync(file, '')
    await expect(
      encodeExamples(examples, tokenizer, { maxLength: 8, cache: { folder: file, dictionary } })
    ).rejects.toMatchObject({ code: 'storage' })
  })
})
