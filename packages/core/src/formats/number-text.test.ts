import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { numberText } from './number-text'

describe('numberText', () => {
  it.each([
    ['{"id":1234567890123456789}', '1234567890123456789'],
    ['{"id":1234567890123456790}', '1234567890123456790'],
    ['{ "id" :\t-0 , "a": 1}', '-0'],
    ['{"id":1.0}', '1.0'],
    ['{"id":1E400}', '1E400'],
    ['{"a":{"id":1},"b":[{"id":2}],"id":3}', '3'],
    ['{"id":1,"id":2}', '2'],
    ['{"id":1,"id":"x"}', undefined],
    ['{"a":"\\"id\\":9","id":4}', '4'],
    ['{"a":"\\\\","id":5}', '5'],
    ['{"\\u0069d":6}', '6'],
    ['{"a":"id","b":7}', undefined],
    ['{"id":"8"}', undefined],
    ['{"id":null}', undefined],
    ['{"id":[9]}', undefined],
    ['{}', undefined]
  ])('reads %s as %s', (json, text) => expect(numberText(json, 'id')).toBe(text))

  it('finds in any object what JSON.parse finds', { timeout: 120_000 }, () => {
    const value = fc.letrec((tie) => ({
      any: fc.oneof({ maxDepth: 2 }, fc.jsonValue(), fc.dictionary(fc.constantFrom('id', 'a', '"', '\\'), tie('any')))
    })).any
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('id', 'a', '"', '\\"id', ''), value),
        fc.constantFrom(0, 2),
        (object, indent) => {
          const json = JSON.stringify(object, null, indent)
          const id: unknown = (JSON.parse(json) as Record<string, unknown>)['id']
          expect(numberText(json, 'id')).toBe(typeof id === 'number' ? JSON.stringify(object['id']) : undefined)
        }
      ),
      { numRuns: 40 }
    )
  })

  it('is linear in the length of the line', () => {
    const json = `{"a":"${'\\"'.repeat(4_000_000)}","b":[${'[],'.repeat(1_000_000)}0],"id":12345678901234567890}`
    expect(numberText(json, 'id')).toBe('12345678901234567890')
  }, 120_000)
})
