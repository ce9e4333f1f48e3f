import { describe, expect, it } from 'vitest'
import { rateOf, requireRates } from './rates'

const names = ['cond_embedding', 'layer.0.attention.norm.gamma', 'layer.0.attention.norm.gamma_cond', 'score.scale']

describe('rateOf', () => {
  it('takes the longest pattern that fits: a beginning, or an end after a star', () => {
    const factors = { 'layer.': 0.5, '*_cond': 10, 'layer.0.attention.norm.g': 2 }
    expect(names.map((name) => rateOf(factors, name))).toEqual([1, 2, 2, 1])
    expect(names.map((name) => rateOf({ 'layer.': 0.5, '*gamma_cond': 10 }, name))).toEqual([1, 0.5, 10, 1])
  })
})

describe('requireRates', () => {
  it('takes patterns that fit', () => {
    expect(() => requireRates({ 'score.': 100, '*_cond': 10 }, names)).not.toThrow()
  })

  it.each(['condition', '*_condition', 'norm'])('refuses %s, which fits no parameter', (pattern) => {
    expect(() => requireRates({ 'score.': 100, [pattern]: 5 }, names)).toThrow(
      expect.objectContaining({ code: 'config-invalid', message: expect.stringContaining(`"${pattern}"`) })
    )
  })
})
