import { expect, it } from 'vitest'
import fixture from '../../fixtures/tokenizer.json'
import { log } from './log'

it("returns Python's logarithms to the last bit", () => {
  const wrong = fixture.logs.filter(([n, expected]) => log(n!) !== expected)
  expect(fixture.logs.length).toBe(390)
  expect(wrong).toEqual([])
})
