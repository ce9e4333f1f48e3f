import { describe, expect, it } from 'vitest'
import { parseTrainSettings } from '../config'
import { fitToMachine, withoutKernels } from './machine'

const settings = (more: object) => parseTrainSettings({ model: {}, epochs: 1, learning_rate: 1e-4, ...more }, 'test')
const asked = settings({ precision: 'bfloat16', kernels: 'auto' })
const reason = 'they are not compiled: run `npx sohu-train setup`'

describe('a run on a machine', () => {
  it('gets what it asks for if the machine has it', () => {
    expect(fitToMachine(asked, { bfloat16: false, kernels: undefined })).toEqual({ settings: asked, without: {} })
  })

  it('is in float32 and without fused kernels if the machine lacks both, and says so', () => {
    const { settings: fitted, without } = fitToMachine(asked, { bfloat16: true, kernels: reason })
    expect(fitted).toEqual({ ...asked, precision: 'float32', kernels: 'plain' })
    expect(without).toEqual({ withoutBfloat16: true, withoutKernels: reason })
  })

  it('says nothing of what it does not ask for', () => {
    const plain = settings({})
    expect(fitToMachine(plain, { bfloat16: true, kernels: reason })).toEqual({ settings: plain, without: {} })
    expect(withoutKernels(plain, { bfloat16: true, kernels: reason })).toEqual({})
  })
})
