import { join } from 'node:path'
import { ROOT } from './paths'
import { startNode, succeed } from './process'

/** A checkpoint of the smallest kind, with seeded random weights. */
export async function writeCheckpoint(folder: string, seed: number): Promise<string> {
  const sizes = ['--layers', '1', '--hidden', '16', '--heads', '2', '--intermediate', '32', '--max-length', '32']
  await succeed(
    startNode(join(ROOT, 'packages/export/dist/random-checkpoint.js'), [
      '--out',
      folder,
      '--seed',
      String(seed),
      ...sizes
    ])
  )
  return folder
}

/** Flags of an export that replaces an existing folder. */
export function exportOf(checkpoint: string, out: string): string[] {
  return [
    'sohu',
    '--checkpoint',
    checkpoint,
    '--out',
    out,
    '--dtype',
    'fp32,int8',
    '--no-gate',
    '--no-latency',
    '--force'
  ]
}
