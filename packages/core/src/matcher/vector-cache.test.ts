import { describe, expect, it } from 'vitest'
import { createVectorCache, type TextVectors } from './vector-cache'

const WIDTH = 4
const vectors = (windows = 1): TextVectors => ({
  rows: new Float32Array(windows * WIDTH),
  tokenCount: 1,
  truncated: false
})
const text = (letter: string, length = 1) => ({ text: letter.repeat(length), taskId: 0 })

describe('a cache of vectors', () => {
  it('holds its limit of texts of ordinary length', () => {
    const cache = createVectorCache(3, WIDTH)
    const texts = ['a', 'b', 'c', 'd'].map((letter) => text(letter, 2_000))
    for (const one of texts) cache.set(one, vectors())
    expect(texts.map((one) => cache.get(one) !== undefined)).toEqual([false, true, true, true])
  })

  it('drops the least recently used if long texts or many windows fill its memory', () => {
    const cache = createVectorCache(4, WIDTH) // 4 x (4,096 + 16) bytes
    cache.set(text('a'), vectors())
    cache.set(text('b', 5_000), vectors())
    cache.set(text('a'), vectors()) // used again: b is now the oldest
    cache.set(text('c', 5_000), vectors())
    expect([cache.get(text('a')), cache.get(text('b', 5_000))]).toEqual([vectors(), undefined])
    expect(cache.size).toBe(2)
    cache.set(text('d'), vectors(700)) // 11,200 bytes: c goes too
    expect(cache.get(text('c', 5_000))).toBeUndefined()
    expect(cache.size).toBe(2)
  })

  it('counts a text that is set again once', () => {
    const cache = createVectorCache(4, WIDTH)
    cache.set(text('a'), vectors())
    for (let i = 0; i < 5; i++) cache.set(text('b', 5_000), vectors())
    expect(cache.size).toBe(2)
  })

  it('leaves out a text larger than all its memory, and keeps the others', () => {
    const cache = createVectorCache(2, WIDTH)
    cache.set(text('a'), vectors())
    cache.set(text('b', 200_000), vectors())
    expect([cache.get(text('a')), cache.get(text('b', 200_000)), cache.size]).toEqual([vectors(), undefined, 1])
  })
})
