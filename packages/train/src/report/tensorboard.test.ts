import { describe, expect, it } from 'vitest'
import type { RunRecord } from '../run/metrics-log'
import { eventFile, eventFileName } from './tensorboard'

const step: RunRecord = {
  type: 'step',
  step: 10,
  steps: 40,
  epoch: 0,
  epochs: 2,
  loss: 0.5,
  learningRate: 0.25,
  pairs: 20,
  tokens: 1000,
  paddingShare: 0.125,
  seconds: 2,
  processorSeconds: 3
}
const task = { pairs: 10, f1: 0.75, precision: 1, recall: 1, auc: NaN }
const epoch: RunRecord = {
  type: 'epoch',
  step: 20,
  epoch: 0,
  improved: true,
  mean: 0.5,
  groups: { A: task },
  tasks: { 'A-ss': task }
}
const bytes = eventFile([step, epoch], 1000)

/** The data of each record, by the length in front of it. */
function records(file: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = []
  for (let at = 0; at < file.length;) {
    const length = new DataView(file.buffer, file.byteOffset).getUint32(at, true)
    found.push(file.subarray(at + 12, at + 12 + length))
    at += 16 + length
  }
  return found
}

describe('eventFile', () => {
  it('begins with the version that TensorBoard asks for, byte for byte', () => {
    // wall_time 0 and file_version, framed as TensorFlow does; tensorboard 2.x's own reader, which checks the checksums, accepts the file.
    const first = Buffer.from(eventFile([], 0))
    expect(first.toString('hex')).toBe(
      '180000000000000' +
        '0a37f4b22' +
        '09' +
        '0000000000000000' +
        '1a0d' +
        Buffer.from('brain.Event:2').toString('hex') +
        first.subarray(-4).toString('hex')
    )
  })

  it('has every figure that is a number, once, with its step and time', () => {
    const texts = records(bytes).map((record) => Buffer.from(record).toString('latin1'))
    expect(texts.length).toBe(1 + 5 + 3)
    expect(texts.some((text) => text.includes('valid_auc/A-ss'))).toBe(false)
    const loss = Buffer.from(records(bytes)[1]!)
    // wall_time 1002, step 10, summary { value { tag 'train/loss', simple_value 0.5 } }
    const expected = Buffer.concat([
      Buffer.from([0x09]),
      Buffer.from(new Float64Array([1002]).buffer),
      Buffer.from([0x10, 10, 0x2a, 19, 0x0a, 17, 0x0a, 10]),
      Buffer.from('train/loss'),
      Buffer.from([0x15]),
      Buffer.from(new Float32Array([0.5]).buffer)
    ])
    expect(loss.equals(expected)).toBe(true)
  })

  it('has a name that TensorBoard finds', () => {
    expect(eventFileName(1234.9)).toBe('events.out.tfevents.0000001234.sohu-match')
  })
})
