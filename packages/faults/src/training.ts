import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { VARIANTS } from '@sohu-match/core'
import { SMALL_RUN } from '@sohu-match/testing'
import { cliOf } from './paths'
import { startNode, succeed } from './process'

/** Flags of a new run of the smallest kind; `last/` is written after every second step, so that kills interrupt it. */
export function freshRun(out: string, data: string): string[] {
  return [
    'sohu',
    '--json',
    '--out',
    out,
    '--data',
    data,
    '--preset',
    'smoke',
    '--set',
    ...SMALL_RUN,
    'checkpoint_steps=2'
  ]
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
