import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseModelConfig, type Batch } from '@sohu-match/core'
import { FORMATS } from '../src/formats'
import { allTasksGraph } from '../src/graph/graph'
import { openGraphIn, weightsOf } from './graph-file'
import { randomWeights } from '@sohu-match/testing'

/**
 * Runs graphs of a small random model on onnxruntime-node's CPU and WebGPU providers and prints, as JSON, the logits of both and the
 * operators that ran on each provider. A program of its own: the Vulkan loader reads its environment when the process starts.
 */

/** 128 wide: wide enough for the packed-integer products of WebGPU, small enough for a software adapter. */
const config = parseModelConfig({
  vocab_size: 300,
  hidden_size: 128,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 256,
  max_length: 64
})

interface ProfileEvent {
  readonly cat: string
  readonly args?: { readonly provider?: string; readonly op_name?: string }
}

/** From the profiles in a folder. */
function operators(folder: string): Record<string, string[]> {
  const found: Record<string, Set<string>> = {}
  for (const file of readdirSync(folder).filter((name) => name.startsWith('profile'))) {
    const events = JSON.parse(readFileSync(join(folder, file), 'utf8')) as ProfileEvent[]
    for (const { cat, args } of events) {
      if (cat === 'Node' && args?.provider && args.op_name) (found[args.provider] ??= new Set()).add(args.op_name)
    }
  }
  return Object.fromEntries(Object.entries(found).map(([provider, names]) => [provider, [...names].sort()]))
}

const length = 40
const batch = (): Batch => ({
  batch: 2,
  seq: length,
  taskIds: Int32Array.of(2, 5),
  segmentIds: new Int32Array(2 * length).fill(1, 20, 40),
  tokenIds: Int32Array.from({ length: 2 * length }, (_, i) => (i >= 60 ? 0 : 1 + ((i * 37) % 299)))
})

const results: Record<string, unknown> = {}
for (const dtype of ['fp32', 'q8', 'q4'] as const) {
  const folder = mkdtempSync(join(tmpdir(), 'sohu-match-webgpu-'))
  try {
    const graph = () => allTasksGraph(config, weightsOf(randomWeights(config, 3)), FORMATS[dtype]())
    const cpu = await openGraphIn(folder, 'model', graph())
    const webgpu = await openGraphIn(folder, 'model', graph(), {
      executionProviders: ['webgpu'],
      enableProfiling: true,
      profileFilePrefix: join(folder, 'profile')
    })
    const logits = { cpu: Array.from(await cpu.run(batch())), webgpu: Array.from(await webgpu.run(batch())) }
    await webgpu.release() // writes the profile
    results[dtype] = { ...logits, operators: operators(folder) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
process.stdout.write(JSON.stringify(results))
