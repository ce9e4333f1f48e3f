import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Root of the repository. */
export const ROOT = join(import.meta.dirname, '../../..')

/** Folders in packages/ that are published, under their own names except for trainer; nx.json releases the same ones. */
export const PUBLISHED = ['sdk-node', 'sdk-web', 'cli', 'trainer', 'model-zh'] as const
export type Published = (typeof PUBLISHED)[number]

/** A published package's name without its scope. */
export const nameOf = (folder: Published): string => (folder === 'trainer' ? 'train' : folder)

/** The fields of a package.json that these checks read. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly license?: string
  readonly private?: boolean
  readonly type?: string
  readonly sideEffects?: boolean | readonly string[]
  readonly engines?: Readonly<Record<string, string>>
  readonly files?: readonly string[]
  readonly publishConfig?: Readonly<Record<string, unknown>>
  readonly scripts?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly nx?: { readonly targets?: Readonly<Record<string, { readonly options?: { readonly command?: string } }>> }
}

export function manifestIn(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
}
