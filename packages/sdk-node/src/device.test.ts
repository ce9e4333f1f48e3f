import { describe, expect, it } from 'vitest'
import { candidates, explainFailure, type Machine } from './device'
import { sessionOptions } from './session-options'

const linux: Machine = {
  platform: 'linux',
  arch: 'x64',
  providers: ['cpu', 'webgpu', 'cuda'],
  libraries: '/ort',
  exists: () => true
}

describe('candidates', () => {
  it('tries only the named device', () => {
    expect(candidates('cpu', linux)).toEqual([{ device: 'cpu' }])
    expect(candidates('cuda', linux)).toEqual([{ device: 'cuda' }])
  })

  it('tries cuda, then the CPU; webgpu only when it is named', () => {
    expect(candidates('auto', linux)).toEqual([
      { device: 'cuda' },
      { device: 'webgpu', refusal: expect.stringContaining('name it') },
      { device: 'cpu' }
    ])
    expect(candidates('webgpu', linux)).toEqual([{ device: 'webgpu' }])
  })

  it('knows why CUDA cannot be there', () => {
    const refusal = (machine: Partial<Machine>): string | undefined =>
      candidates('cuda', { ...linux, ...machine })[0]!.refusal
    expect(refusal({ platform: 'darwin', arch: 'arm64', providers: ['cpu', 'coreml', 'webgpu'] })).toBe(
      'onnxruntime-node has no cuda provider for darwin-arm64'
    )
    expect(refusal({ exists: (path) => !path.endsWith('.so') })).toContain(
      '/ort/libonnxruntime_providers_cuda.so is not installed; run: ONNXRUNTIME_NODE_INSTALL=cuda12'
    )
    expect(refusal({ exists: (path) => path.endsWith('.so') })).toContain('no NVIDIA driver is loaded')
    expect(refusal({ exists: (path) => path.endsWith('.so') || path === '/dev/dxg' })).toBeUndefined()
  })
})

describe('explainFailure', () => {
  it.each([
    ['cuda', 'OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library', 'LD_LIBRARY_PATH'],
    ['cuda', 'libcudnn.so.9: cannot open shared object file: No such file or directory', 'cuDNN 9'],
    ['cuda', 'libcublasLt.so.12: cannot open shared object file', 'CUDA 12 runtime libraries'],
    ['cuda', 'CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version', 'too old for CUDA 12'],
    ['cuda', 'CUDA failure 100: no CUDA-capable device is detected', 'CUDA_VISIBLE_DEVICES'],
    ['cuda', 'CUDA failure 101: invalid device ordinal', 'cuda.deviceId'],
    ['webgpu', 'Failed to get a WebGPU adapter', 'a Vulkan, Metal or D3D12 driver'],
    ['webgpu', 'Program Cast requires f16 but the device does not support it.', 'take dtype q8 or fp32']
  ] as const)('turns a failure of %s (%s) into a next step', (device, message, step) => {
    expect(explainFailure(device, message)).toContain(step)
    expect(explainFailure(device, message)).toContain(message)
  })
})

describe('sessionOptions', () => {
  it('names the GPU for CUDA, and the CPU for what a provider lacks', () => {
    expect(sessionOptions('cuda', 1, { deviceId: 1 }).executionProviders).toEqual([
      { name: 'cuda', deviceId: 1 },
      'cpu'
    ])
    expect(sessionOptions('cpu', 3, {})).toMatchObject({ executionProviders: ['cpu'], intraOpNumThreads: 3 })
    expect(sessionOptions('webgpu', 1, {}).executionProviders).toEqual([{ name: 'webgpu' }, 'cpu'])
  })
})
