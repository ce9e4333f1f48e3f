import { mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { createServer } from 'vite'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { execute } from '../execute'
import { serverRoutes } from '../routes'
import { typeCheck } from '../type-check'
import { blocksOf, documents, documentText, type Block } from './blocks'
import { classify, type Way } from './classify'
import { excused, problemOf } from './commands'
import { BLOCKS, PROGRAMS, SHOWN } from './reasons'
import { commandsIn, commandsWithin } from './shell'

const project = inject('project')
const blocks = documents().flatMap((file) => blocksOf(file))
const titled = (way: Way): [string, Block][] =>
  blocks.filter((block) => classify(block)?.way === way).map((block) => [`${block.file}:${block.line}`, block])

/** Writes a block to a new file in the fresh project; returns its path. */
function written({ file, line, code }: Block, name: string): string {
  const folder = join(project, 'documents', `${file.replace(/\W+/g, '-')}-${line}`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, name), code)
  return join(folder, name)
}

it('every block of every document is run, checked, or listed with a reason', () => {
  const unknown = blocks.filter((block) => classify(block) === undefined)
  expect(
    unknown.map(
      ({ file, line, language }) => `${file}:${line} (${language || 'no language'}): see packages/release/src/documents`
    )
  ).toEqual([])
})

it('every kind of check has a block, and the README is run in Node and in Chromium', () => {
  const ways: Way[] = [
    'run in Node',
    'run in Chromium by e2e',
    'loaded by Vite',
    'loaded by Node',
    'types checked',
    'parsed',
    'commands checked'
  ]
  expect(ways.filter((way) => titled(way).length === 0)).toEqual([])
  for (const way of ways.slice(0, 2))
    expect(
      titled(way).map(([, { file }]) => file),
      way
    ).toContain('README.md')
})

it.each(titled('run in Node'))('%s runs in a fresh project and prints to stdout only', async (_, block) => {
  const ended = await execute(process.execPath, [written(block, 'block.mjs')], { cwd: project })
  expect(ended).toMatchObject({ status: 0, stderr: '', stdout: expect.stringMatching(/\S/) })
})

it.each(titled('run in Chromium by e2e'))('%s is the block that e2e/tests/packed.spec.ts runs', (_, { code }) => {
  expect(code).toBe(blocksOf('packages/sdk-web/README.md').find(({ language }) => language === 'js')!.code)
})

it.each(titled('loaded by Vite'))('%s is a configuration that Vite serves with', async (_, block) => {
  const configFile = written(block, 'vite.config.mjs')
  writeFileSync(join(dirname(configFile), 'index.html'), '<!doctype html><title>app</title>')
  const server = await createServer({
    root: dirname(configFile),
    configFile,
    logLevel: 'error',
    server: { port: 0, ws: false }
  })
  try {
    await server.listen()
    const response = await fetch(server.resolvedUrls!.local[0]!)
    expect(response.status).toBe(200)
    for (const [name, value] of Object.entries(server.config.server.headers ?? {}))
      expect(response.headers.get(name)).toBe(value)
  } finally {
    await server.close()
  }
})

it.each(titled('loaded by Node'))('%s loads, and its functions answer', async (_, block) => {
  const exported = createRequire(import.meta.url)(written(block, 'block.cjs')) as { headers?: () => Promise<unknown> }
  expect(await exported.headers?.()).toEqual(
    expect.arrayContaining([expect.objectContaining({ headers: expect.any(Array) })])
  )
})

it.each(titled('types checked'))('%s compiles against the installed packages', async (_, block) => {
  const platform = block.code.includes("'@sohu-match/sdk-web'") || block.language.endsWith('x') ? 'web' : 'node'
  const typed = /^m?tsx?$/.test(block.language)
  const folder = `documents/types-${block.file.replace(/\W+/g, '-')}-${block.line}`
  expect(
    await typeCheck(
      project,
      folder,
      { [`block.${block.language}`]: block.code },
      { resolution: 'bundler', platform, loose: !typed }
    )
  ).toBe('')
})

it.each(titled('parsed'))('%s is JSON', (_, { language, code }) => {
  const texts = language === 'jsonl' ? code.trim().split('\n') : [code]
  for (const text of texts) {
    if (language === 'jsonc') expect(ts.parseConfigFileTextToJson('block.json', text).error).toBeUndefined()
    else JSON.parse(text)
  }
})

describe('commands', () => {
  let routes: readonly string[]
  beforeAll(async () => {
    routes = await serverRoutes(project)
  })

  it.each(titled('commands checked'))('%s: commands, targets and flags exist', async (_, { code }) => {
    const commands = commandsIn(code)
    expect(commands).not.toEqual([])
    for (const command of commands)
      expect(await problemOf(command, { project, routes }), command.join(' ')).toBeUndefined()
  })

  it.each(
    documents()
      .map((file) => [file, commandsWithin(documentText(file))] as const)
      .filter(([, { length }]) => length > 0)
  )('%s: those within sentences exist', async (_, named) => {
    for (const command of named)
      expect(await problemOf(command, { project, routes }), command.join(' ')).toBeUndefined()
  })
})

it('every reason is still needed', () => {
  expect(
    BLOCKS.filter(({ file, has }) => !blocks.some((block) => block.file === file && block.code.includes(has)))
  ).toEqual([])
  expect([...excused].sort()).toEqual(Object.keys(PROGRAMS).sort())
  expect(Object.keys(SHOWN).filter((language) => !blocks.some((block) => block.language === language))).toEqual([])
})
