import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const workspace = new URL('../../../', import.meta.url)
const roots = ['packages', 'e2e', 'examples', 'scripts']

/** Every source of the workspace by path. */
const sources = new Map(
  roots
    .flatMap((root) =>
      readdirSync(new URL(root, workspace), { recursive: true, encoding: 'utf8' }).map((file) => `${root}/${file}`)
    )
    .filter((file) => /\.(ts|tsx|mjs)$/.test(file) && !/node_modules|(^|\/)dist\//.test(file))
    .map((file) => [file, readFileSync(new URL(file, workspace), 'utf8')])
)

describe('the index of a package', () => {
  it.each([
    ['core', 80],
    ['node', 40],
    ['corpus', 1]
  ])('%s exports nothing that no other package imports', (name, least) => {
    const index = sources.get(`packages/${name}/src/index.ts`)!
    const names = [...index.matchAll(/^(?:export (?:type )?\{|\s+)([^{}]*?)(?:\}|,?$)/gm)]
      .flatMap((match) => match[1]!.split(','))
      .map((name) => name.replace(/^\s*type /, '').trim())
      .filter((name) => /^\w+$/.test(name))
    expect(names.length).toBeGreaterThanOrEqual(least)
    const outside = [...sources].filter(([file]) => !file.startsWith(`packages/${name}/src/`)).map(([, text]) => text)
    const imports = new RegExp(`(?:im|ex)port (?:type )?\\{([^}]*)\\} from '@sohu-match/${name}'`, 'g')
    const imported = new Set(
      outside.flatMap((text) => [...text.matchAll(imports)].flatMap(([, list]) => list!.match(/\w+/g) ?? []))
    )
    expect(names.filter((name) => !imported.has(name))).toEqual([])
  })
})
