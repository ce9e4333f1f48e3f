import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DTYPES, GRAPH_FILES, parityToJson } from '@sohu-match/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { consistentCheckpoint } from '../tools/consistent-checkpoint'
import { pythonWithOnnx, smallCheckpoint } from '@sohu-match/testing'
import { exportModel } from './export-model'
import { openGraph, parityInputs } from './session'

const python = await pythonWithOnnx()
const root = mkdtempSync(join(tmpdir(), 'export-python-'))
afterAll(() => rmSync(root, { recursive: true }))

// Only a machine without python3 leaves this out: the packages are installed by the test itself.
describe.skipIf(python === undefined)('exported files in Python', () => {
  const { parity } = smallCheckpoint(join(root, 'inputs'))
  const inline = (dtype: keyof typeof GRAPH_FILES) => join(root, 'model', GRAPH_FILES[dtype])
  const external = join(root, 'external', GRAPH_FILES.fp32)
  let logits: Record<string, number[][]>
  beforeAll(async () => {
    const checkpoint = await consistentCheckpoint(join(root, 'checkpoint'))
    const options = { checkpoint, name: 'small', force: false, latency: false }
    await exportModel({ ...options, out: join(root, 'model'), dtypes: DTYPES })
    await exportModel({ ...options, out: join(root, 'external'), dtypes: ['fp32'], externalDataLimit: 0 })
    const {
      batches: [batch]
    } = parityToJson(parity) as { batches: object[] }
    const input = JSON.stringify({ ...batch, files: [...DTYPES.map(inline), external] })
    logits = JSON.parse(
      execFileSync(python!, [fileURLToPath(new URL('../tools/python-check.py', import.meta.url))], {
        input,
        encoding: 'utf8'
      })
    ) as typeof logits
  })

  // Two builds of ONNX Runtime on the same machine: float32 rounding; the quantized ones round activations to levels as well, and a value
  // on the edge of two levels may fall to either.
  const tolerances = { fp32: 1e-5, fp16: 2e-3, int8: 1e-2, q8: 1e-2, q4: 1e-2 }
  for (const dtype of DTYPES) {
    it(`pass onnx.checker and give the logits that they give in Node, in ${dtype}`, async () => {
      const graph = await openGraph(inline(dtype))
      const wanted = await graph.run(parityInputs(parity[0]!))
      await graph.release()
      const found = logits[inline(dtype)]!.flat()
      expect(Math.max(...found.map((value, i) => Math.abs(value - wanted[i]!)))).toBeLessThan(tolerances[dtype])
    })
  }

  it('give the same with weights in a file beside them', () => {
    expect(logits[external]).toEqual(logits[inline('fp32')])
  })
})
