import { describe, expect, it } from 'vitest'
import { chooseDtype } from '../dtype'
import { fakeManifest } from '../engine/fake-engine.fixtures'
import { parseManifest } from './manifest'

const graph = { file: 'onnx/model.onnx', opset: 17 }

describe('manifest.json', () => {
  it('reads back what it gave', () => {
    expect(parseManifest(JSON.parse(JSON.stringify(fakeManifest())))).toEqual(fakeManifest())
  })

  it.each([
    '../model.onnx',
    'onnx/../../x',
    '/etc/passwd',
    'c:\\x',
    'onnx\\x',
    'https://x/y',
    'a//b',
    './a',
    '',
    'a/',
    'a\0b'
  ])('refuses the path %j, which may leave the folder', (file) => {
    expect(() => fakeManifest({ graphs: { fp32: { ...graph, file } } })).toThrow(
      expect.objectContaining({ code: 'manifest-invalid' })
    )
    expect(() => fakeManifest({ files: { [file]: { bytes: 1, sha256: '0'.repeat(64) } } })).toThrow('manifest.json')
  })

  it('says that a newer format needs a newer SDK', () => {
    expect(() => fakeManifest({ format: 4 })).toThrow(
      'format 4 is newer than the format 3 that this version reads; update the SDK'
    )
    expect(() => fakeManifest({ format: 0 })).toThrow('"format"')
  })

  it('reads a bi-encoder without a dictionary as format 2, with scale and offset of every task', () => {
    const tasks = [{ name: 'x', id: 0, group: 'x', threshold: 0.5, scale: 12, offset: -7.5 }]
    const vectors = { format: 2, architecture: 'bi-encoder', hidden: 8, maxPositions: 64, tasks }
    const tokenizer = { vocab: 'vocab.txt', lowercase: true }
    expect(fakeManifest({ ...vectors, tokenizer })).toMatchObject({ ...vectors, tokenizer })
    expect(() => fakeManifest({ ...vectors, format: 1 })).toThrow('a bi-encoder has format 2')
    expect(() => fakeManifest({ ...vectors, hidden: undefined })).toThrow('a bi-encoder must have "hidden"')
    expect(() => fakeManifest({ ...vectors, tasks: [{ ...tasks[0], scale: undefined }] })).toThrow('"scale"')
  })

  it('reads tasks with labels as format 3, each with its columns', () => {
    const labels = ['a', 'b', 'c']
    const tasks = [
      { name: 'same', id: 0, group: 'x', threshold: 0.4, f1: 0.5, columns: [0, 2] },
      { name: 'one', id: 1, group: 'x', kind: 'one-of', labels, score: 0.7, columns: [2, 5] },
      {
        name: 'any',
        id: 2,
        group: 'x',
        kind: 'any-of',
        labels,
        thresholds: { a: 0.1, b: 0.2, c: 0.3 },
        columns: [5, 8]
      },
      { name: 'grade', id: 3, group: 'x', kind: 'score', range: [1, 5], columns: [8, 9] }
    ]
    const changed = (id: number, change: object) => () =>
      fakeManifest({
        format: 3,
        outputs: 9,
        tasks: tasks.map((task) => (task.id === id ? { ...task, ...change } : task))
      })
    expect(changed(0, {})()).toMatchObject({ format: 3, outputs: 9, tasks })
    expect(JSON.parse(JSON.stringify(changed(0, {})().tasks))).toEqual(tasks)
    expect(() => fakeManifest({ format: 2, outputs: 9, tasks })).toThrow('has format 3, not 2')
    expect(changed(0, { threshold: undefined })).toThrow('the task "same" lacks a threshold')
    expect(changed(2, { thresholds: { a: 0.1, b: 0.2 } })).toThrow('the task "any" lacks a threshold')
    expect(changed(1, { columns: [2, 4] })).toThrow('the task "one" lacks a threshold, or has other columns')
    expect(changed(3, { columns: [9, 10] })).toThrow('the task "grade"')
    expect(changed(1, { labels: ['a', 'a', 'c'] })).toThrow('distinct labels')
    expect(changed(3, { kind: 'number' })).toThrow('"tasks.3.kind"')
  })

  it('names what is wrong', () => {
    expect(() => parseManifest(null)).toThrow('manifest.json')
    expect(() => fakeManifest({ graphs: {} })).toThrow('"graphs" is empty')
    expect(() => fakeManifest({ graphs: { int3: graph } })).toThrow('int3')
    expect(() => fakeManifest({ graphs: { fp32: { ...graph, externalData: ['onnx/data.bin'] } } })).toThrow(
      'does not list onnx/model.onnx'
    )
    expect(() => fakeManifest({ tasks: [{ name: 'x', id: 1, group: 'x', threshold: 0.5 }] })).toThrow('ids 0 to 0')
    expect(() => fakeManifest({ tokenizer: { vocab: 'vocab.txt', dictionary: 'd', lowercase: false } })).toThrow(
      'lowercase'
    )
    expect(() => fakeManifest({ files: { 'vocab.txt': { bytes: 1, sha256: 'xyz' } } })).toThrow('sha256')
    expect(() => fakeManifest({ files: { 'vocab.txt': { bytes: 2 ** 53, sha256: '0'.repeat(64) } } })).toThrow('bytes')
    for (const maxLength of [3, 8193, 1e308]) expect(() => fakeManifest({ maxLength })).toThrow('"maxLength"')
  })
})

describe('chooseDtype', () => {
  it("takes the device's own, or the next that the model has", () => {
    expect(chooseDtype({ fp32: 1, int8: 1 }, 'cpu')).toBe('int8')
    expect(chooseDtype({ fp32: 1, int8: 1 }, 'webgpu')).toBe('fp32')
    expect(chooseDtype({ fp32: 1, int8: 1 }, 'cpu', 'fp32')).toBe('fp32')
    expect(() => chooseDtype({ fp32: 1 }, 'cpu', 'fp16')).toThrow(
      'This model has no fp16 graph for cpu; it offers fp32.'
    )
  })
})
