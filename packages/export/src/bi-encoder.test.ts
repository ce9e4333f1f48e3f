import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DTYPES, parseManifest, type Manifest } from '@sohu-match/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { consistentCheckpoint, smallData } from '../tools/consistent-checkpoint'
import { openGraphIn, weightsOf } from '../tools/graph-file'
import { randomWeights, SMALL_BI_ENCODER, smallCheckpoint } from '@sohu-match/testing'
import { exportModel, type ExportOptions } from './export-model'
import { FORMATS } from './formats'
import { allTasksGraph } from './graph/graph'
import type { Reports } from './measure/measure'

const root = mkdtempSync(join(tmpdir(), 'export-bi-encoder-'))
afterAll(() => rmSync(root, { recursive: true }))

describe('an exported bi-encoder', () => {
  let options: ExportOptions
  let reports: Reports
  let manifest: Manifest
  beforeAll(async () => {
    options = {
      checkpoint: await consistentCheckpoint(join(root, 'checkpoint'), SMALL_BI_ENCODER),
      out: join(root, 'model'),
      dtypes: DTYPES,
      name: 'vectors',
      force: false,
      latency: false,
      gate: { data: smallData(join(root, 'data'), ['train', 'valid'], 20), largestDrop: 1, pairs: 60 }
    }
    reports = await exportModel(options)
    manifest = parseManifest(JSON.parse(readFileSync(join(options.out, 'manifest.json'), 'utf8')))
  })

  it('has a manifest of format 2 that says how a score comes from a cosine, and no dictionary', () => {
    expect(manifest).toMatchObject({
      format: 2,
      architecture: 'bi-encoder',
      hidden: 16,
      maxPositions: 40,
      tokenizer: { vocab: 'vocab.txt', lowercase: true }
    })
    const weights = new Map(randomWeights(SMALL_BI_ENCODER, 1).map(({ name, data }) => [name, data]))
    expect(manifest.tasks.map(({ scale }) => scale)).toEqual([...weights.get('score.scale')!])
    expect(manifest.tasks.map(({ offset }) => offset)).toEqual([...weights.get('score.offset')!])
    expect(manifest.tokenizer.dictionary).toBeUndefined()
    expect(existsSync(join(options.out, 'dictionary.bin'))).toBe(false)
    expect(readFileSync(join(options.out, 'README.md'), 'utf8')).toContain('largest cosine difference')
  })

  it('reports by how much a cosine changes in each dtype, and F1 from cosines', () => {
    // Random weights of unit gain, 16 wide: rounding of two runtimes, 11 bits, 8 bits, 4 bits.
    const tolerances = { fp32: 1e-5, fp16: 5e-3, int8: 0.1, q8: 0.1, q4: 0.5 }
    for (const dtype of DTYPES) {
      const { maxCosineDifference, maxLogitDifference, f1 } = manifest.graphs[dtype]!
      const { parityDifference, gate } = reports[dtype]!
      expect(maxCosineDifference).toBeLessThan(tolerances[dtype])
      expect(maxCosineDifference).toBeCloseTo(Math.max(parityDifference, gate!.largestDifference), 2)
      expect(maxLogitDifference).toBeUndefined()
      expect(Object.keys(f1!)).toHaveLength(6)
    }
    expect(manifest.graphs.q4!.maxCosineDifference).toBeGreaterThan(manifest.graphs.fp32!.maxCosineDifference!)
  })

  it('is refused if its vectors are not those of parity.json', async () => {
    const checkpoint = join(root, 'other')
    const outputs = Array.from({ length: 6 }, () => new Array<number>(16).fill(0.25))
    smallCheckpoint(checkpoint, undefined, outputs, SMALL_BI_ENCODER)
    await expect(exportModel({ ...options, checkpoint, out: join(root, 'none') })).rejects.toMatchObject({
      code: 'gate-failed',
      message: expect.stringMatching(/differ from parity\.json/)
    })
  })

  it('has no one-task export', () =>
    expect(exportModel({ ...options, out: join(root, 'none'), task: 'B-ll' })).rejects.toMatchObject({
      code: 'architecture-mismatch',
      message: expect.stringContaining('is a bi-encoder')
    }))

  it('computes the same vector of length 1 for a text alone, padded and with others', async () => {
    const graph = await openGraphIn(
      root,
      'fp32',
      allTasksGraph(SMALL_BI_ENCODER, weightsOf(randomWeights(SMALL_BI_ENCODER, 1)), FORMATS.fp32())
    )
    const run = (rows: readonly (readonly number[])[], seq: number) =>
      graph.run({
        batch: rows.length,
        seq,
        tokenIds: Int32Array.from(rows.flatMap((row) => Array.from({ length: seq }, (_, i) => row[i] ?? 0))),
        segmentIds: new Int32Array(rows.length * seq),
        taskIds: new Int32Array(rows.length).fill(3)
      })
    const alone = await run([[2, 9, 8, 3]], 4)
    const padded = await run([[2, 9, 8, 3], [2, 20, 30, 31, 32, 3]], 11) // prettier-ignore
    expect(alone.reduce((sum, value) => sum + value * value, 0)).toBeCloseTo(1, 5)
    alone.forEach((value, i) => expect(padded[i]).toBeCloseTo(value, 5))
    expect(Math.abs(padded[16]! - alone[0]!)).toBeGreaterThan(1e-3)
    await graph.release()
  })
})
