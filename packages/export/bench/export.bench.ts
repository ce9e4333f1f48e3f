/** Sizes and times of graphs of random `sohu-small` weights: int8 on the CPU against Python's quantize_dynamic. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseModelConfig, type Batch } from '@sohu-match/core'
import Table from 'cli-table3'
import { FORMATS } from '../src/formats'
import { blockFormat } from '../src/formats/blocks'
import { allTasksGraph } from '../src/graph/graph'
import { LATENCY_SHAPES, measureLatencies } from '../src/measure/latency'
import { chooseEightBits, floatBytes, measureSensitivity } from '../src/four-bits/sensitivity'
import { openGraph, type GraphRunner } from '../src/session'
import { writeGraphFile, weightsOf } from '../tools/graph-file'
import { pythonWithOnnx, randomWeights } from '@sohu-match/testing'
import { tensorInt8Format } from './tensor-int8'

/** As in its preset. */
const config = parseModelConfig({
  vocab_size: 30_000,
  hidden_size: 384,
  num_hidden_layers: 6,
  num_attention_heads: 6,
  intermediate_size: 1536,
  max_length: 512
})
const THREADS = 1
const folder = mkdtempSync(join(tmpdir(), 'sohu-match-bench-'))
const read = weightsOf(randomWeights(config, 1))

/** Padded rows of all tasks, 8 to 64 tokens, whose logits are compared. */
function pairs(size: number): Batch {
  const length = 64
  const filled = (row: number) => 8 + ((row * 11) % 57)
  const id = (i: number) => (i % length < filled(Math.floor(i / length)) ? 1 + ((i * 7919) % 29_999) : 0)
  const tokenIds = Int32Array.from({ length: size * length }, (_, i) => id(i))
  return {
    batch: size,
    seq: length,
    tokenIds,
    segmentIds: tokenIds.map((_, i) => (i % length > 20 ? 1 : 0)),
    taskIds: Int32Array.from({ length: size }, (_, i) => i % 6)
  }
}

/** Largest difference of the logits of 64 pairs, and of a pair alone from itself among others. */
async function differences(graph: GraphRunner, reference: Float32Array) {
  const batch = pairs(64)
  const logits = await graph.run(batch)
  let alone = 0
  for (let row = 0; row < 16; row++) {
    const ids = batch.tokenIds.subarray(row * 64, row * 64 + 64)
    const length = ids.indexOf(0) < 0 ? 64 : ids.indexOf(0)
    const own = await graph.run({
      batch: 1,
      seq: length,
      tokenIds: ids.slice(0, length),
      segmentIds: batch.segmentIds.slice(row * 64, row * 64 + length),
      taskIds: batch.taskIds.slice(row, row + 1)
    })
    alone = Math.max(alone, ...own.map((value, i) => Math.abs(value - logits[2 * row + i]!)))
  }
  return { logits, error: Math.max(...logits.map((value, i) => Math.abs(value - reference[i]!))), neighbors: alone }
}

async function variants(): Promise<Map<string, string>> {
  const sensitivity = await measureSensitivity(config, read, [pairs(32)])
  const kept = chooseEightBits(sensitivity, floatBytes(config))
  const formats = {
    ...FORMATS,
    q4: () => blockFormat((name) => (kept.has(name) ? 8 : 4)),
    'int8, activations of 14 bits': () => FORMATS.int8({ activationBits: 14 }),
    'int8, scales per tensor': tensorInt8Format
  }
  const files = new Map(
    Object.entries(formats).map(([name, format]) => [
      name,
      writeGraphFile(folder, name, allTasksGraph(config, read, format()))
    ])
  )
  const python = await pythonWithOnnx().catch(() => undefined)
  if (python) {
    const output = join(folder, 'peer.onnx')
    execFileSync(python, [join(import.meta.dirname, '../../bench/quantize_dynamic.py'), files.get('fp32')!, output], {
      stdio: 'ignore'
    })
    files.set('quantize_dynamic (peer)', output)
  } else console.log('quantize_dynamic is left out: there is no python3 with onnxruntime.')
  return files
}

try {
  const files = await variants()
  const open = (path: string) => openGraph(path, { intraOpNumThreads: THREADS })
  const float = await open(files.get('fp32')!)
  const reference = await float.run(pairs(64))
  const shapes = LATENCY_SHAPES.map(([size, length]) => `${size}x${length}`)
  const table = new Table({
    head: [
      'graph',
      'MB',
      'of fp32',
      'logit error',
      'alone / among others',
      ...shapes.map((shape) => `${shape} ms (x fp32)`)
    ],
    style: { head: [], border: [] }
  })
  for (const [name, path] of files) {
    const graph = await open(path)
    const found = await differences(graph, reference)
    const times = name === 'fp32' ? undefined : await measureLatencies([float, graph], config.vocabSize, 512)
    const bytes = statSync(path).size
    table.push([
      name,
      (bytes / 1e6).toFixed(2),
      (bytes / statSync(files.get('fp32')!).size).toFixed(3),
      found.error.toExponential(1),
      found.neighbors.toExponential(1),
      ...shapes.map((shape) =>
        times ? `${times[shape]![1]!.toFixed(1)} (${(times[shape]![0]! / times[shape]![1]!).toFixed(2)})` : ''
      )
    ])
    await graph.release()
  }
  console.log(
    `${cpus()[0]?.model ?? 'unknown CPU'}, onnxruntime-node, ${THREADS} thread, 6 layers x 384, random weights; medians in turns with fp32`
  )
  console.log(table.toString())
  console.log(
    'Budgets: fp16 0.5, int8 and q8 <= 0.27, q4 <= 0.20 of fp32; int8 >= 2 x fp32 at 1x64, 1x256, 8x128 and >= 1.5 x at 1x512.'
  )

  const [rows, tensor] = [await open(files.get('int8')!), await open(files.get('int8, scales per tensor')!)]
  const turns = await measureLatencies([tensor, rows], config.vocabSize, 512)
  console.log(
    `Scales per token against per tensor, in turns: ${shapes.map((shape) => `${shape} ${((turns[shape]![1]! / turns[shape]![0]! - 1) * 100).toFixed(0)} % slower`).join(', ')} (taken at <= 15 %).`
  )
} finally {
  rmSync(folder, { recursive: true })
}
