import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { VARIANTS } from '@sohu-match/core'
import { FORMATS } from '../src/formats'
import { allTasksGraph } from '../src/graph/graph'
import { parityInputs } from '../src/session'
import { openGraphIn, weightsOf } from './graph-file'
import { SMALL_VOCAB, smallCheckpoint } from './small-checkpoint'

/** A small checkpoint whose parity.json holds what its own fp32 graph gives: it passes the parity check, and proves no arithmetic. */
export async function consistentCheckpoint(folder: string): Promise<string> {
  const { config, weights, parity } = smallCheckpoint(folder)
  const graph = await openGraphIn(folder, 'own', allTasksGraph(config, weightsOf(weights), FORMATS.fp32()))
  const logits = await graph.run(parityInputs(parity[0]!))
  await graph.release()
  smallCheckpoint(
    folder,
    undefined,
    parity[0]!.taskIds.map((_, row) => [logits[2 * row]!, logits[2 * row + 1]!])
  )
  return folder
}

/** A data folder in the Sohu layout with `rows` pairs a variant in each of the splits, texts of the small vocabulary's characters. */
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
