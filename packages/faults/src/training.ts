import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { VARIANTS } from '@sohu-match/core'
import { cliOf } from './paths'
import { startNode, succeed } from './process'

/** A run of seconds with every feature that holds state; `last/` is written after every second step, so that kills interrupt it. */
const SETTINGS = [
  'model.vocab_size=400',
  'model.hidden_size=16',
  'model.num_attention_heads=2',
  'model.intermediate_size=16',
  'model.max_length=48',
  'epochs=2',
  'batch_pairs=8',
  'checkpoint_steps=2'
]

/** Flags of a new run of the smallest kind. */
export function freshRun(out: string, data: string): string[] {
  return ['sohu', '--json', '--out', out, '--data', data, '--preset', 'smoke', '--set', ...SETTINGS]
}

/** A data folder with a few pairs of the demo corpus in each variant. */
export async function writeSmallData(folder: string): Promise<void> {
  const whole = join(folder, 'whole')
  await succeed(startNode(cliOf('train'), ['demo-data', '--out', whole]))
  for (const variant of VARIANTS) {
    mkdirSync(join(folder, variant), { recursive: true })
    for (const [split, rows] of [
      ['train', 12],
      ['valid', 8]
    ] as const) {
      const lines = readFileSync(join(whole, variant, `${split}.txt`), 'utf8')
        .split('\n')
        .slice(0, rows)
      writeFileSync(join(folder, variant, `${split}.txt`), `${lines.join('\n')}\n`)
    }
  }
}
