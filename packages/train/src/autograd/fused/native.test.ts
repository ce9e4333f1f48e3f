import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { refusal, VERSION } from './native'

it('an addon compiled from the sources of another version is not used', () => {
  expect(refusal({ refused: '', version: VERSION })).toBeUndefined()
  for (const stale of [{ refused: '' }, { refused: '', version: VERSION - 1 }])
    expect(refusal(stale)).toMatch(/sources of another version.*npx sohu-train setup/)
  expect(refusal({ refused: 'no AVX2', version: VERSION })).toMatch(/^no AVX2: run/)
})

it('the sources have the version that the code here calls', () => {
  const header = readFileSync(new URL('../../../native/kernels.h', import.meta.url), 'utf8')
  expect(/kVersion = (\d+);/.exec(header)?.[1]).toBe(String(VERSION))
})
