import { describe, expect, it } from 'vitest'
import { describeMachine, examine, type RunSelf } from './doctor'

const answer: RunSelf = async ([, , device]) => {
  if (device === 'webgpu') throw new Error('its library ended the process (SIGSEGV)')
  return JSON.stringify(
    device === 'cpu'
      ? { device, usable: true, runtime: '1.30.0' }
      : { device, usable: false, reason: 'no NVIDIA driver is loaded; install one' }
  )
}

describe('doctor', () => {
  const findings = (flags?: ReadonlySet<string>) => examine(['cpu', 'cuda', 'webgpu'], '0.1.0', answer, flags)

  it('tries each device in its own process, and survives one that crashes', async () => {
    const { devices, versions } = await findings(new Set())
    expect(devices).toEqual([
      { device: 'cpu', usable: true, runtime: '1.30.0' },
      { device: 'cuda', usable: false, reason: 'no NVIDIA driver is loaded; install one' },
      { device: 'webgpu', usable: false, reason: 'its library ended the process (SIGSEGV)' }
    ])
    expect(versions).toEqual({ 'sohu-match': '0.1.0', node: process.versions.node, 'onnxruntime-node': '1.30.0' })
  })

  it('reports which products are fast, and what the others lack', async () => {
    const text = describeMachine(await findings(new Set(['avx512_vnni'])))
    expect(text).toMatch(/int8 inference +fast: avx512_vnni/)
    expect(text).toMatch(/bfloat16 training +no avx512_bf16, amx_bf16, bf16: /)
    expect(text).toMatch(/^ {2}cpu +usable$/m)
    expect(text).toMatch(/^ {2}cuda +no: no NVIDIA driver/m)
    expect(text).not.toContain('software adapter')
  })

  it('does not guess if the system lists no instructions', async () => {
    const { processor, ...rest } = await findings(new Set())
    const text = describeMachine({ ...rest, processor: { ...processor, int8: null, bfloat16: null } })
    expect(text.match(/not known/g)).toHaveLength(2)
  })
})
