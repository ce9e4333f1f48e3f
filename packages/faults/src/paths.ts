import { join } from 'node:path'

/** Root of the repository. */
export const ROOT = join(import.meta.dirname, '../../..')

/** The model of @sohu-match/model-demo, written by its build. */
export const MODEL = join(ROOT, 'packages/model-demo/model')

/** The built command of a package. */
export function cliOf(name: 'train' | 'export' | 'cli'): string {
  return join(ROOT, 'packages', name, 'dist/cli.js')
}
