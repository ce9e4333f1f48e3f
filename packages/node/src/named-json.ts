import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MatcherError } from '@sohu-match/core'
import { closest } from 'fastest-levenshtein'
import { readJson } from './read'

/** JSON files that ship with a package. */
export interface NamedJson {
  /** Without `.json`, sorted. */
  names(): string[]
  /** Throws `config-invalid` naming the nearest name. */
  read(name: string): Promise<Record<string, unknown>>
}

/** The `.json` files in `folder`; `kind` is for errors, such as "preset". */
export function namedJson(folder: URL, kind: string): NamedJson {
  const path = fileURLToPath(folder)
  const names = (): string[] =>
    readdirSync(path)
      .filter((file) => file.endsWith('.json'))
      .map((file) => file.slice(0, -'.json'.length))
      .sort()
  return {
    names,
    async read(name) {
      requireName(name, names(), kind)
      return (await readJson(join(path, `${name}.json`), 'config-invalid', 'config-invalid')) as Record<string, unknown>
    }
  }
}

function requireName(name: string, names: readonly string[], kind: string): void {
  if (names.includes(name)) return
  throw new MatcherError(
    'config-invalid',
    `There is no ${kind} "${name}"; did you mean "${closest(name, names)}"? There are ${names.join(', ')}.`
  )
}
