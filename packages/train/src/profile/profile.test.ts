import { describe, expect, it } from 'vitest'
import { tf } from '../tfjs'
import { recordOps } from './record-ops'
import { chromeTrace, groupOps, timeBetweenOps } from './summary'
import { workloadBatch, workloadTrainer, type Workload } from './workload'

const tiny: Workload = { layers: 1, hidden: 16, heads: 2, vocabulary: 50, pairs: 2, tokens: 8, padding: 0.25 }

describe('a recording', () => {
  it('has every operation with its time and bytes, the peak, and how often the host read', () => {
    const { ops, reads, peakBytes, duration, result } = recordOps(() => {
      const product = tf.matMul(tf.ones([2, 3]), tf.ones([3, 4]))
      product.dataSync()
      return product
    })
    const [product] = ops.filter(({ op }) => op === 'BatchMatMulV2' || op === 'MatMul')
    expect(product!.bytes).toBe(2 * 4 * 4)
    expect(product!.shapes).toContain('->')
    expect(reads).toBe(1)
    expect(peakBytes).toBeGreaterThanOrEqual(2 * 4 * 4)
    expect(ops.reduce((sum, op) => sum + op.duration, 0)).toBeLessThanOrEqual(duration)
    result.dispose()
  })

  it('leaves the backend as it was, also when what it records throws', () => {
    const backend = tf.backend()
    expect(() =>
      recordOps(() => {
        throw new Error('stop')
      })
    ).toThrow('stop')
    expect(Object.keys(backend)).not.toContain('executeMultipleOutputs')
  })

  it('attributes a step to kernels and phases, as table and as trace', () => {
    const trainer = workloadTrainer(tiny)
    const recording = recordOps((onKernel) => trainer.step([workloadBatch(tiny, 1)], 1e-5, 1, onKernel).dispose())
    trainer.dispose()
    const kernels = groupOps(recording.ops, ({ kernel, phase }) => `${kernel}, ${phase}`).map(({ name }) => name)
    for (const name of [
      'dense, forward',
      'dense, backward',
      'gelu, forward',
      'norm, backward',
      'attention, backward',
      'adam, update',
      'ema, update'
    ]) {
      expect(kernels).toContain(name)
    }
    expect(groupOps(recording.ops, () => 'all')[0]!.calls).toBe(recording.ops.length)
    expect(timeBetweenOps(recording)).toBeGreaterThan(0)
    const { traceEvents } = JSON.parse(JSON.stringify(chromeTrace(recording))) as {
      traceEvents: { ph: string; ts: number; dur?: number }[]
    }
    expect(traceEvents.filter(({ ph }) => ph === 'C')).toHaveLength(recording.ops.length)
    expect(traceEvents.every(({ ts, dur = 0 }) => ts >= 0 && dur >= 0)).toBe(true)
  })
})

describe('the workload', () => {
  it('has padding on request', () => {
    const { tokenIds } = workloadBatch(tiny, 1)
    expect([...tokenIds.subarray(0, 8)].map((id) => id === 0)).toEqual([
      false,
      false,
      false,
      false,
      false,
      false,
      true,
      true
    ])
  })
})
