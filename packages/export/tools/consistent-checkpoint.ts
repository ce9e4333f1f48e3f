import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { VARIANTS, type ModelConfig, type NamedTensor, type ParityBatch } from '@sohu-match/core'
import { FORMATS } from '../src/formats'
import { allTasksGraph } from '../src/graph/graph'
import { parityInputs } from '../src/session'
import { openGraphIn, weightsOf } from './graph-file'
import { SMALL_CONFIG, SMALL_VOCAB, smallCheckpoint } from '@sohu-match/testing'

/**
 * parity.json has the outputs of its own fp32 graph: the checkpoint passes the parity check, but proves no arithmetic.
 */
export async function consistentCheckpoint(folder: string, config = SMALL_CONFIG): Promise<string> {
  const { weights, parity } = smallCheckpoint(folder, undefined, undefined, config)
  const [filled] = await withOwnOutputs(config, weights, parity)
  smallCheckpoint(folder, undefined, filled!.outputs, config)
  return folder
}

/** Adds the outputs of the fp32 graph of these weights. */
export async function withOwnOutputs(
  config: ModelConfig,
  weights: readonly NamedTensor[],
  batches: readonly ParityBatch[]
): Promise<ParityBatch[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sohu-match-'))
  try {
    const graph = await openGraphIn(folder, 'own', allTasksGraph(config, weightsOf(weights), FORMATS.fp32()))
    const filled: ParityBatch[] = []
    for (const batch of batches) {
      const values = await graph.run(parityInputs(batch))
      const width = values.length / batch.taskIds.length
      const row = (index: number) => Array.from(values.subarray(index * width, (index + 1) * width))
      filled.push({ ...batch, outputs: batch.taskIds.map((_, index) => row(index)) })
    }
    await graph.release()
    return filled
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A folder in the Sohu layout with `rows` pairs per variant and split, made of the small vocabulary's characters. */
export function smallData(folder: string, splits: readonly ('train' | 'valid')[], rows: number): string {
  const text = (seed: number, length: number) =>
    Array.from({ length }, (_, i) => SMALL_VOCAB[5 + ((seed * 7 + i * (3 + seed)) % 45)]).join('')
  for (const [task, variant] of VARIANTS.entries()) {
    mkdirSync(join(folder, variant), { recursive: true })
    for (const split of splits) {
      const lines = Array.from({ length: rows }, (_, row) =>
        JSON.stringify({
          source: text(row + task, 4 + (row % 5)),
          target: text(row + 2, 3 + (row % 7)),
          [task % 2 === 0 ? 'labelA' : 'labelB']: String(row % 2)
        })
      )
      writeFileSync(join(folder, variant, `${split}.txt`), `${lines.join('\n')}\n`)
    }
  }
  return folder
}
