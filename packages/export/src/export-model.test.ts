import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseManifest, SOHU_TASKS, type Dtype } from '@sohu-match/core'
import { sha256 } from '@sohu-match/node'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { FIXTURES, readClnFixture, smallCheckpoint, writeCheckpointFolder } from '@sohu-match/testing'
import { consistentCheckpoint, smallData } from '../tools/consistent-checkpoint'
import { exportModel, type ExportOptions } from './export-model'

const root = mkdtempSync(join(tmpdir(), 'export-model-'))
afterAll(() => rmSync(root, { recursive: true }))

let checkpoint: string
let data: string
let place: string
let options: ExportOptions
beforeAll(async () => {
  checkpoint = await consistentCheckpoint(join(root, 'checkpoint'))
  data = smallData(join(root, 'data'), ['train', 'valid'], 20)
})
beforeEach(() => {
  place = mkdtempSync(join(root, 'place-'))
  options = {
    checkpoint,
    out: join(place, 'model'),
    dtypes: ['fp32', 'int8'],
    name: 'small',
    force: false,
    latency: false
  }
})

const filesUnder = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()
const bytesUnder = (folder: string) =>
  filesUnder(folder).map((name) => [name, sha256(readFileSync(join(folder, name)))])

/** The export fails with the code, and leaves nothing behind where it was to write. */
async function expectRefusal(changed: Partial<ExportOptions>, code: string, message: RegExp): Promise<void> {
  await expect(exportModel({ ...options, ...changed })).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message)
  })
  expect(readdirSync(place)).toEqual([])
}

it.each([{}, { layout: 'triton' }, { task: 'B-ll' }] as const)(
  'writes activations of 14 bits on request, with %j',
  async (form) => {
    const hasTwoParts = async (activationBits: 8 | 14) => {
      await exportModel({ ...options, ...form, dtypes: ['int8'], activationBits, force: true })
      const graph = filesUnder(options.out).find((file) => file.endsWith('.onnx'))!
      return readFileSync(join(options.out, graph)).includes('DequantizeLinear')
    }
    expect(await hasTwoParts(8)).toBe(false)
    expect(await hasTwoParts(14)).toBe(true)
  }
)

it('refuses activations of 14 bits where there is no int8', () => {
  place = mkdtempSync(join(root, 'place-'))
  return expectRefusal(
    { out: join(place, 'model'), dtypes: ['fp32'], activationBits: 14 },
    'config-invalid',
    /names fp32; add int8/
  )
})

describe('the layout of Triton', () => {
  const triton = { layout: 'triton', dtypes: ['int8'] as Dtype[] } as const

  it('is a model folder whose graph lies in a version, with a configuration', async () => {
    await exportModel({ ...options, ...triton })
    const files = filesUnder(options.out)
    expect(files).toEqual(expect.arrayContaining(['1/model.onnx', 'config.pbtxt', 'manifest.json', 'vocab.txt']))
    expect(readdirSync(options.out)).not.toContain('onnx')
    const manifest = parseManifest(JSON.parse(readFileSync(join(options.out, 'manifest.json'), 'utf8')))
    expect(manifest.graphs.int8!.file).toBe('1/model.onnx')
    expect(readFileSync(join(options.out, 'config.pbtxt'), 'utf8')).toContain(manifest.files['1/model.onnx']!.sha256)
    expect(Object.keys(manifest.files)).toContain('config.pbtxt')
    await exportModel({ ...options, ...triton, force: true }) // its own files are replaced
  })

  it('may be of fp32, and is of one dtype and all tasks', async () => {
    await exportModel({ ...options, ...triton, dtypes: ['fp32'] })
    expect(filesUnder(options.out)).toContain('1/model.onnx')
    place = mkdtempSync(join(root, 'place-'))
    const out = join(place, 'model')
    await expectRefusal({ ...triton, out, dtypes: ['fp32', 'int8'] }, 'config-invalid', /one graph/)
    await expectRefusal({ ...triton, out, task: 'A-ss' }, 'config-invalid', /leave out --task/)
  })
})

describe('exportModel', () => {
  it('writes a folder of all dtypes whose manifest lists every file with its size and hash', async () => {
    await exportModel({
      ...options,
      dtypes: ['fp32', 'fp16', 'int8', 'q8', 'q4'],
      gate: { data, largestDrop: 1, pairs: 60 }
    })
    const manifest = parseManifest(JSON.parse(readFileSync(join(options.out, 'manifest.json'), 'utf8')))
    expect(filesUnder(options.out)).toEqual([...Object.keys(manifest.files), 'manifest.json'].sort())
    for (const [name, { bytes, sha256: hash }] of Object.entries(manifest.files)) {
      const content = readFileSync(join(options.out, name))
      expect([name, content.length, sha256(content)]).toEqual([name, bytes, hash])
    }
    expect(Object.keys(manifest.graphs)).toEqual(['fp32', 'fp16', 'int8', 'q8', 'q4'])
    expect(Object.keys(manifest.graphs.int8!.f1!)).toHaveLength(6)
    expect(manifest.tasks.map((task) => task.threshold)).toEqual([0.5, 0.5, 0.5, 0.5, 0.5, 0.5])
  })

  it('states the F1 of training only where it was measured at the threshold of the manifest', async () => {
    const own = join(place, 'own')
    cpSync(checkpoint, own, { recursive: true })
    const names = SOHU_TASKS.map(({ name }) => name)
    const measured = { pairs: 9, f1: 0.75, precision: 0.7, recall: 0.8, auc: 0.9 }
    const tasks = {
      'A-ss': { ...measured, threshold: 0.31 },
      'A-sl': { ...measured, threshold: 0.5 },
      'A-ll': measured
    }
    writeFileSync(join(own, 'thresholds.json'), JSON.stringify(Object.fromEntries(names.map((name) => [name, 0.31]))))
    writeFileSync(join(own, 'metrics.json'), JSON.stringify({ mean: 0.75, groups: {}, tasks }))
    await exportModel({ ...options, checkpoint: own, dtypes: ['q8'] })
    const manifest = parseManifest(JSON.parse(readFileSync(join(options.out, 'manifest.json'), 'utf8')))
    expect(Object.fromEntries(manifest.tasks.map(({ name, f1 }) => [name, f1]))).toEqual({
      ...Object.fromEntries(names.map((name) => [name, null])),
      'A-ss': 0.75
    })
  })

  it('writes the same bytes for the same input', async () => {
    const gate = { data, largestDrop: 1, pairs: 60 }
    await exportModel({ ...options, dtypes: ['fp32', 'int8', 'q4'], gate })
    await exportModel({ ...options, dtypes: ['fp32', 'int8', 'q4'], gate, out: join(place, 'again') })
    expect(bytesUnder(join(place, 'again'))).toEqual(bytesUnder(options.out))
  })

  it('puts weights over the limit into a file beside the graph, which lists and loads it', async () => {
    await exportModel({ ...options, externalDataLimit: 1000 }) // measuring runs the graph from its files
    const { graphs, files } = parseManifest(JSON.parse(readFileSync(join(options.out, 'manifest.json'), 'utf8')))
    expect(graphs.fp32!.externalData).toEqual(['onnx/model.onnx_data'])
    expect(files['onnx/model.onnx_data']!.bytes).toBeGreaterThan(10 * 1024)
  })

  it('replaces a folder only when told to', async () => {
    await exportModel(options)
    const before = bytesUnder(options.out)
    await expect(exportModel({ ...options, dtypes: ['q8'] })).rejects.toMatchObject({ code: 'output-exists' })
    expect(bytesUnder(options.out)).toEqual(before)
    await exportModel({ ...options, dtypes: ['q8'], force: true })
    expect(filesUnder(options.out).filter((name) => name.startsWith('onnx'))).toEqual(['onnx/model_q8.onnx'])
  })

  it('never replaces a folder that is not a model, and leaves a link a link', async () => {
    mkdirSync(options.out)
    writeFileSync(join(options.out, 'thesis.tex'), 'five years')
    await expect(exportModel({ ...options, force: true })).rejects.toMatchObject({ code: 'output-exists' })
    expect(filesUnder(options.out)).toEqual(['thesis.tex'])
    const linked = join(place, 'linked')
    await exportModel({ ...options, out: join(place, 'v1') })
    symlinkSync(join(place, 'v1'), linked)
    await exportModel({ ...options, out: linked, dtypes: ['q8'], force: true })
    expect([lstatSync(linked).isSymbolicLink(), existsSync(join(place, 'v1/onnx/model_q8.onnx'))]).toEqual([true, true])
  })

  it('leaves the old folder as it was when the new export fails', async () => {
    await exportModel(options)
    const before = bytesUnder(options.out)
    await expect(
      exportModel({ ...options, force: true, gate: { data, largestDrop: -1, pairs: 60 } })
    ).rejects.toMatchObject({ code: 'gate-failed' })
    expect(bytesUnder(options.out)).toEqual(before)
    expect(readdirSync(place)).toEqual(['model'])
  })

  it('refuses logits that are not those of parity.json', async () => {
    const other = join(root, 'other')
    smallCheckpoint(other)
    await expectRefusal({ checkpoint: other }, 'gate-failed', /differ from parity\.json by/)
  })

  it('refuses a dtype that loses more F1 than allowed', () =>
    expectRefusal(
      { gate: { data, largestDrop: -1, pairs: 60 } },
      'gate-failed',
      /mean F1 of fp32 is .* --gate allows -1/
    ))

  it('refuses an unknown task', () => expectRefusal({ task: 'C-ll' }, 'task-unknown', /no task "C-ll".*A-ss/))

  it('refuses data without a valid split', () =>
    expectRefusal(
      { gate: { data: smallData(join(root, 'no-valid'), ['train'], 4), largestDrop: 1, pairs: 10 } },
      'data-invalid',
      /no valid split|no data/
    ))

  it('refuses data of other tasks', () => {
    const folder = smallData(join(root, 'others'), ['valid'], 4)
    writeFileSync(
      join(folder, 'dataset.json'),
      JSON.stringify({ tasks: [{ name: 'dup', valid: ['短短匹配A类/valid.txt'], fields: { label: 'labelA' } }] })
    )
    return expectRefusal(
      { gate: { data: folder, largestDrop: 1, pairs: 10 } },
      'data-invalid',
      /has the tasks dup; the checkpoint has A-ss/
    )
  })

  it('refuses a checkpoint that is not there', () =>
    expectRefusal({ checkpoint: join(root, 'nothing') }, 'checkpoint-invalid', /nothing/))
})

describe.skipIf(!existsSync(FIXTURES))('the exported reference classifier', () => {
  it('differs from bert4keras by what its manifest says', async () => {
    const cln = readClnFixture()
    writeCheckpointFolder(join(root, 'cln'), cln)
    const dtypes: Dtype[] = ['fp32', 'fp16', 'int8', 'q8']
    const reports = await exportModel({ ...options, checkpoint: join(root, 'cln'), dtypes })
    const { graphs } = parseManifest(JSON.parse(readFileSync(join(options.out, 'manifest.json'), 'utf8')))
    for (const dtype of dtypes)
      expect(graphs[dtype]!.maxLogitDifference).toBeCloseTo(reports[dtype]!.parityDifference, 2)
    expect(reports.fp32!.parityDifference).toBeLessThan(2e-5) // the fixture's own tolerance
  })
})
