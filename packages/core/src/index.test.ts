import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const workspace = new URL('../../../', import.meta.url)
const roots = ['packages', 'e2e', 'examples', 'scripts']

/** Every source outside core's own `src`, joined. */
function sourcesOutside(): string {
  const files = roots.flatMap((root) =>
    readdirSync(new URL(root, workspace), { recursive: true, encoding: 'utf8' }).map((file) => `${root}/${file}`)
  )
  const wanted = files.filter(
    (file) => /\.(ts|tsx|mjs)$/.test(file) && !/node_modules|(^|\/)dist\/|^packages\/core\/src\//.test(file)
  )
  return wanted.map((file) => readFileSync(new URL(file, workspace), 'utf8')).join('\n')
}

describe('the index of core', () => {
  it('exports nothing that no other package imports', () => {
    const index = readFileSync(new URL('index.ts', import.meta.url), 'utf8')
    const names = [...index.matchAll(/^(?:export (?:type )?\{|\s+)([^{}]*?)(?:\}|,?$)/gm)]
      .flatMap((match) => match[1]!.split(','))
      .map((name) => name.replace(/^\s*type /, '').trim())
      .filter((name) => /^\w+$/.test(name))
    expect(names.length).toBeGreaterThan(80)
    const lists = sourcesOutside().matchAll(/(?:im|ex)port (?:type )?\{([^}]*)\} from '@sohu-match\/core'/g)
    const imported = new Set([...lists].flatMap(([, list]) => list!.match(/\w+/g) ?? []))
    expect(names.filter((name) => !imported.has(name))).toEqual([])
  })
})
