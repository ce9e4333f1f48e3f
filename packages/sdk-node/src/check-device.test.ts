import { describe, expect, it } from 'vitest'
import { checkDevice, checkDeviceOf } from './check-device'
import { thisMachine } from './device'

describe('checkDevice', () => {
  it('multiplies on the CPU', async () => {
    expect(await checkDevice('cpu')).toEqual({ device: 'cpu', usable: true, runtime: '1.30.0' })
  })

  it('says why a device cannot be used, in the words of createMatcher', async () => {
    const machine = { ...thisMachine(), exists: () => false }
    expect(await checkDeviceOf({ ...machine, providers: ['cpu'] }, 'cuda')).toEqual({
      device: 'cuda',
      usable: false,
      runtime: '1.30.0',
      reason: expect.stringMatching(/^onnxruntime-node has no cuda provider/)
    })
    const { reason } = await checkDeviceOf({ ...machine, providers: ['cuda'] }, 'cuda')
    expect(reason).toContain('ONNXRUNTIME_NODE_INSTALL=cuda12')
  })
})
