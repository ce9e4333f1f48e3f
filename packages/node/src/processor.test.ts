import { describe, expect, it } from 'vitest'
import { processorFlags, productInstructions } from './processor'

const AMD =
  'processor\t: 0\nmodel name\t: AMD EPYC\nflags\t\t: fpu fma avx2 avx512_vnni avx512_bf16 \nbugs\t: none\nflags\t\t: other\n'
const ARM = 'processor\t: 0\nFeatures\t: fp asimd asimddp bf16 i8mm\n'

describe('the instruction sets of a processor', () => {
  it('are read from the first processor, x86 or Arm', () => {
    expect([...processorFlags(() => AMD)!]).toEqual(['fpu', 'fma', 'avx2', 'avx512_vnni', 'avx512_bf16'])
    expect(processorFlags(() => ARM)!.has('bf16')).toBe(true)
    expect(processorFlags(() => '')).toBeUndefined()
  })

  it('say which products are fast', () => {
    const flags = processorFlags(() => AMD)
    expect(productInstructions('int8', flags)).toEqual(['avx512_vnni'])
    expect(productInstructions('bfloat16', flags)).toEqual(['avx512_bf16'])
    expect(
      productInstructions(
        'int8',
        processorFlags(() => ARM)
      )
    ).toEqual(['asimddp', 'i8mm'])
    expect(
      productInstructions(
        'bfloat16',
        processorFlags(() => 'flags : fma avx2')
      )
    ).toEqual([])
    expect(productInstructions('bfloat16', undefined)).toEqual([])
  })

  it('are known on Linux', () => {
    if (process.platform === 'linux') expect(processorFlags()!.size).toBeGreaterThan(0)
    else expect(processorFlags()).toBeUndefined()
  })
})
