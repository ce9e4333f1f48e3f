import { describe, expect, it } from 'vitest'
import { firstGpu, gpuHasBfloat16 } from './first-gpu'

describe('the first GPU', () => {
  it('is asked for one number', () => {
    const asked: (readonly string[])[] = []
    const run = (flags: readonly string[]): string => {
      asked.push(flags)
      return '81559\n'
    }
    expect(firstGpu('memory.total', run)).toBe(81559)
    expect(asked).toEqual([['--query-gpu=memory.total', '--format=csv,noheader,nounits', '--id=0']])
    expect(firstGpu('compute_cap', () => '8.6\n')).toBe(8.6)
  })

  it('is unknown without nvidia-smi, and where that reports nothing', () => {
    expect(firstGpu('memory.used', () => '[N/A]\n')).toBeUndefined()
    const missing = (): string => {
      throw Object.assign(new Error('spawn nvidia-smi ENOENT'), { code: 'ENOENT' })
    }
    expect(firstGpu('memory.used', missing)).toBeUndefined()
  })

  it('multiplies bfloat16 numbers from Ampere on, and is believed to where it is unknown', () => {
    expect([7.5, 8, 8.6, 9].map((capability) => gpuHasBfloat16(capability))).toEqual([false, true, true, true])
    expect(gpuHasBfloat16(undefined)).toBe(true)
  })
})
