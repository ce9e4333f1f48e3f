import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { LoadProgress } from '@sohu-match/core'
import { tinyPairLogits, writeTinyModel } from '@sohu-match/testing'
import { describe, expect, it } from 'vitest'
import { createMatcherIn, workerSizes } from './create-matcher'
import { testSurroundings } from './create-matcher.fixtures'
import type { MatcherOptions } from './options'

const surroundings = testSurroundings()
const model = writeTinyModel()

function create(options: Partial<MatcherOptions> = {}) {
  return createMatcherIn(surroundings, { model, device: 'cpu', threads: 1, ...options })
}

describe('loading', () => {
  it('reports progress of verifying and compiling, and accepts a file URL', async () => {
    const seen: LoadProgress[] = []
    await using matcher = await create({
      model: pathToFileURL(model),
      dtype: 'fp32',
      onProgress: (progress) => seen.push(progress)
    })
    expect(matcher.info.dtype).toBe('fp32')
    expect([...new Set(seen.map(({ phase, file }) => `${phase} ${file}`))]).toEqual([
      'verify onnx/model.onnx',
      'verify vocab.txt',
      'verify dictionary.bin',
      'compile onnx/model.onnx'
    ])
    expect(seen.every(({ loaded, total }) => loaded <= total)).toBe(true)
    const bytes = ['onnx/model.onnx', 'vocab.txt', 'dictionary.bin'].map((file) => statSync(join(model, file)).size)
    expect(new Set(seen.map(({ overall }) => overall.total))).toEqual(new Set([bytes.reduce((sum, one) => sum + one)]))
    const sums = seen.map(({ overall }) => overall.loaded)
    expect(sums).toEqual([...sums].sort((one, other) => one - other))
    expect(sums.at(-1)).toBe(seen[0]!.overall.total)
  })

  it("stops when its signal is aborted, with the signal's reason", async () => {
    await expect(create({ signal: AbortSignal.abort('no') })).rejects.toBe('no')
    const controller = new AbortController()
    const loading = create({
      signal: controller.signal,
      onProgress: ({ phase }) => {
        if (phase === 'compile') controller.abort('later')
      }
    })
    await expect(loading).rejects.toBe('later')
  })

  it.each<[string, () => Partial<MatcherOptions> | { model: string }, string, string]>([
    [
      'a folder that does not exist',
      () => ({ model: '/nowhere/model' }),
      'asset-missing',
      '/nowhere/model/manifest.json'
    ],
    [
      'a folder without manifest',
      () => ({ model: mkdtempSync(join(tmpdir(), 'empty-')) }),
      'asset-missing',
      'manifest.json'
    ],
    [
      'a web address',
      () => ({ model: 'https://example.org/model' }),
      'input-invalid',
      'must be the path of a model folder'
    ],
    [
      'a manifest that is not JSON',
      () => ({ model: damaged('manifest.json', (path) => appendFileSync(path, '}')) }),
      'manifest-invalid',
      'manifest.json:1:'
    ],
    [
      'a newer format',
      () => ({
        model: writeTinyModel((manifest) => {
          manifest.format = 4
        })
      }),
      'manifest-invalid',
      'format 4 is newer'
    ],
    [
      'a path outside the folder',
      () => ({
        model: writeTinyModel((manifest) => {
          manifest.tokenizer = { vocab: '../vocab.txt', dictionary: 'd', lowercase: true }
        })
      }),
      'manifest-invalid',
      'relative path'
    ],
    [
      'a flipped byte in the graph',
      () => ({ model: damaged('onnx/model_int8.onnx', flip) }),
      'asset-corrupt',
      'model_int8.onnx has other contents'
    ],
    [
      'a flipped byte in the vocabulary',
      () => ({ model: damaged('vocab.txt', flip) }),
      'asset-corrupt',
      'vocab.txt has other contents'
    ],
    [
      'a truncated graph',
      () => ({ model: damaged('onnx/model_int8.onnx', (path) => writeFileSync(path, 'short')) }),
      'asset-corrupt',
      '5 bytes, not'
    ],
    [
      'a missing file',
      () => ({ model: damaged('dictionary.bin', (path) => rmSync(path)) }),
      'asset-missing',
      'dictionary.bin'
    ],
    [
      'a pipe instead of a file',
      () => ({ model: damaged('vocab.txt', pipe) }),
      'asset-missing',
      'vocab.txt is not a file'
    ],
    [
      'a pipe instead of the graph',
      () => ({ model: damaged('onnx/model_int8.onnx', pipe) }),
      'asset-missing',
      'model_int8.onnx is not a file'
    ],
    [
      'a pipe instead of the manifest',
      () => ({ model: damaged('manifest.json', pipe) }),
      'asset-missing',
      'manifest.json is not a file'
    ],
    [
      'a manifest beyond all sizes',
      () => ({ model: damaged('manifest.json', (path) => truncateSync(path, 2 ** 24 + 1)) }),
      'manifest-invalid',
      'more than 16777216 bytes'
    ],
    ['a dtype that the model lacks', () => ({ dtype: 'fp16' }), 'dtype-missing', 'it offers fp32, int8'],
    ['an unknown device', () => ({ device: 'tpu' as 'cpu' }), 'device-unavailable', 'There is no device "tpu"'],
    ['an unknown task', () => ({ tasks: ['C-ll' as 'A-ss'] }), 'task-unknown', 'C-ll'],
    ['an object that is not a signal', () => ({ signal: {} as AbortSignal }), 'input-invalid', 'signal must be'],
    ['a listener that is not a function', () => ({ onProgress: 5 as never }), 'input-invalid', 'onProgress is 5'],
    ['one task that is not in an array', () => ({ tasks: 'A-ss' as never }), 'input-invalid', 'tasks is "A-ss"'],
    ['thresholds without a task', () => ({ thresholds: 0.5 as never }), 'input-invalid', 'thresholds is 0.5'],
    ['the address of another machine', () => ({ model: 'file://host/model' }), 'input-invalid', 'file://host/model'],
    [
      'the address of a server alone',
      () => ({ device: 'auto', endpoint: 'http://triton:8000' }),
      'input-invalid',
      'v2/models/zh'
    ],
    [
      'a server and a device',
      () => ({ endpoint: 'http://triton/v2/models/zh' }),
      'input-invalid',
      'exclude each other'
    ],
    ['no workers', () => ({ workers: 0 }), 'input-invalid', 'workers is 0'],
    ['a fraction of a thread', () => ({ threads: 1.5 }), 'input-invalid', 'threads is 1.5']
  ])('refuses %s', async (_, options, code, message) => {
    await expect(create(options() as Partial<MatcherOptions>)).rejects.toMatchObject({
      name: 'MatcherError',
      code,
      message: expect.stringContaining(message)
    })
  })

  it('runs the graph that it has hashed, though the file is replaced in between', async () => {
    const folder = writeTinyModel()
    await using matcher = await create({
      model: folder,
      onProgress: ({ phase, file }) => {
        if (phase === 'verify' && file === 'vocab.txt') writeFileSync(join(folder, 'onnx/model_int8.onnx'), 'replaced')
      }
    })
    expect((await matcher.match('今天', '天气', 'A-ss')).logits[1]).toBeCloseTo(
      tinyPairLogits({ a: '今天', b: '天气', task: 'A-ss' })[1],
      5
    )
  })

  it('refuses a graph that reads a file its manifest does not list', async () => {
    // an initializer of the graph: data_location EXTERNAL, external_data { location: "/etc/hostname" }
    const location = Buffer.from('/etc/hostname')
    const pair = Buffer.concat([
      Uint8Array.of(10, 8),
      Buffer.from('location'),
      Uint8Array.of(18, location.length),
      location
    ])
    const tensor = Buffer.concat([Uint8Array.of(16, 1, 66, 1, 120, 106, pair.length), pair, Uint8Array.of(112, 1)])
    const graph = Buffer.concat([Uint8Array.of(42, tensor.length), tensor])
    const folder = writeTinyModel()
    const path = join(folder, 'onnx/model_int8.onnx')
    const changed = Buffer.concat([readFileSync(path), Uint8Array.of(58, graph.length), graph]) // protobuf merges the two graphs
    writeFileSync(path, changed)
    const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'))
    manifest.files['onnx/model_int8.onnx'] = {
      bytes: changed.length,
      sha256: createHash('sha256').update(changed).digest('hex')
    }
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest))
    await expect(create({ model: folder })).rejects.toMatchObject({
      code: 'asset-corrupt',
      message: expect.stringContaining('"/etc/hostname", which its manifest does not list')
    })
  })

  it('refuses to start without options, or without a model', async () => {
    const careless = (options?: unknown) => createMatcherIn(surroundings, options as MatcherOptions)
    await expect(careless()).rejects.toMatchObject({ code: 'input-invalid', message: expect.stringContaining('model') })
    await expect(careless(null)).rejects.toMatchObject({ code: 'input-invalid' })
    await expect(careless({})).rejects.toMatchObject({
      code: 'input-invalid',
      message: expect.stringContaining('The option model is missing')
    })
  })

  it.each([
    ['cpu', {}, 1, 1, 1],
    ['cpu', {}, 2, 2, 1],
    ['cpu', {}, 16, 4, 4],
    ['cpu', {}, 64, 4, 8],
    ['cpu', { workers: 1 }, 6, 1, 6],
    ['cpu', { threads: 4 }, 8, 2, 4],
    ['cpu', { threads: 1 }, 3, 3, 1],
    ['cpu', { workers: 8, threads: 3 }, 2, 8, 3],
    ['cuda', {}, 16, 1, 1],
    ['remote', {}, 16, 2, 1]
  ] as const)(
    'on %s with %j and %d processors starts %d workers of %d threads',
    (device, options, processors, ...wanted) => {
      const { workers, threads } = workerSizes(device, options, processors)
      expect([workers, threads]).toEqual(wanted)
    }
  )

  it('refuses a verified file that is not a graph', async () => {
    const folder = writeTinyModel((manifest) => {
      manifest.graphs = { int8: { file: 'vocab.txt', opset: 17 } }
    })
    await expect(create({ model: folder })).rejects.toMatchObject({
      code: 'asset-corrupt',
      message: expect.stringContaining('cannot run')
    })
  })
})

function damaged(file: string, damage: (path: string) => void): string {
  const folder = writeTinyModel()
  damage(join(folder, file))
  return folder
}

function pipe(path: string): void {
  rmSync(path)
  execFileSync('mkfifo', [path])
}

function flip(path: string): void {
  const bytes = readFileSync(path)
  bytes[bytes.length >> 1]! ^= 1
  writeFileSync(path, bytes)
}
