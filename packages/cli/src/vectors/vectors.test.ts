import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MatcherError, type Matcher } from '@sohu-match/sdk-node'
import { afterAll, describe, expect, it } from 'vitest'
import { dedupe } from '../commands/dedupe'
import { embedTexts } from './embed-texts'
import { indexedDuplicates } from './indexed-duplicates'
import { leastCosine, nearDuplicates } from './near-duplicates'
import { createNpy } from './npy'
import { createParquet } from './parquet'

const root = mkdtempSync(join(tmpdir(), 'cli-vectors-'))
const npyRoot = mkdtempSync(join(tmpdir(), 'cli-npy-'))
afterAll(() => [root, npyRoot].forEach((folder) => rmSync(folder, { recursive: true })))

/** A unit vector at an angle, in degrees. */
const at = (degrees: number): [number, number] => [
  Math.cos((degrees * Math.PI) / 180),
  Math.sin((degrees * Math.PI) / 180)
]
/** A text is the angle of its vector. */
const embed: Matcher<string>['embed'] = async (texts) => Float32Array.from(texts.flatMap((text) => at(Number(text))))
const tasks = [{ name: 'dup', id: 0, group: 'dup', threshold: 0.5, scale: 10, offset: -10 * Math.cos(Math.PI / 18) }]
const matcher = { embed, info: { tasks } } as unknown as Pick<Matcher<string>, 'embed' | 'info'>

async function* stream(texts: Iterable<string>): AsyncGenerator<string> {
  yield* texts
}

describe('near-duplicates', () => {
  it('groups what is above the cosine, also through others, over any number of blocks', async () => {
    const angles = Array.from({ length: 300 }, (_, i) => ([1, 140, 299].includes(i) ? 50.2 : (i * 360) / 300))
    const vectors = Float32Array.from(angles.flatMap(at))
    const halfDegree = Math.cos(Math.PI / 360)
    expect(await nearDuplicates(vectors, 2, halfDegree)).toEqual([[1, 42, 140, 299]]) // row 42 is at 50.4 degrees
    expect(await nearDuplicates(Float32Array.from([...at(0), ...at(8), ...at(16)]), 2, Math.cos(Math.PI / 18))).toEqual(
      [[0, 1, 2]]
    )
    expect(await nearDuplicates(new Float32Array(0), 2, 0.5)).toEqual([])
  })

  it('turns a threshold into the cosine that reaches it', () => {
    expect(1 / (1 + Math.exp(-(12 * leastCosine(0.3, 12, -7.5) - 7.5)))).toBeCloseTo(0.3, 12)
  })
})

describe('dedupe', () => {
  const run = async (texts: Iterable<string>, flags = {}) => {
    const lines: string[] = []
    await dedupe(matcher, stream(texts), flags, async (text) => void lines.push(text))
    return lines.map((line) => JSON.parse(line) as { lines: number[]; texts: string[] })
  }

  it("prints groups with line numbers, by the task's threshold or another", async () => {
    const texts = ['0', '90', '9', '200', '90']
    expect(await run(texts)).toEqual([
      { lines: [1, 3], texts: ['0', '9'] },
      { lines: [2, 5], texts: ['90', '90'] }
    ])
    expect(await run(texts, { threshold: 0.51 })).toEqual([{ lines: [2, 5], texts: ['90', '90'] }])
    expect(await run([])).toEqual([])
  })

  it('finds the groups of more texts through an index, as comparing every pair does', async () => {
    const width = 32
    const originals = Array.from({ length: 500 }, (_, i) => randomUnit(i, width))
    const copies = originals.slice(0, 100).map((vector) => vector.map((value, k) => value + (k === 0 ? 0.001 : 0)))
    const vectors = Float32Array.from([...originals, ...copies].flat())
    const exact = await nearDuplicates(vectors, width, 0.999)
    expect(exact).toEqual(copies.map((_, i) => [i, i + 500]))
    expect(await indexedDuplicates(vectors, width, 0.999)).toEqual(exact)
    expect(await indexedDuplicates(vectors, width, 1.1)).toEqual([])
    await expect(indexedDuplicates(vectors, width, 0.999, AbortSignal.abort('enough'))).rejects.toBe('enough')
  })

  it('takes stored vectors of the same model, task and lines, of any of the three kinds of file', async () => {
    const texts = ['0', '90', '9', '200', '90']
    const rows = await embed(texts, 'dup')
    const info = { ...{ model: 'small', modelHash: 'a'.repeat(64), dtype: 'fp32' }, vectors: { hidden: 2 }, tasks }
    const withVectors = { embed: undefined, info } as unknown as typeof matcher
    const labels = { task: 'dup', model: 'small', modelHash: info.modelHash }
    const [npy, parquet, lines] = ['v.npy', 'v.parquet', 'v.jsonl'].map((name) => join(root, name)) as [
      string,
      string,
      string
    ]
    const array = await createNpy(npy, 2)
    await array.write(rows)
    writeFileSync(`${npy}.json`, JSON.stringify({ ...labels, sha256: array.sha256() }))
    await array.finish()
    const table = await createParquet(parquet, 2, labels)
    await table.write(rows.subarray(0, 6))
    await table.write(rows.subarray(6))
    await table.finish()
    const line = (i: number, changes = {}) =>
      `${JSON.stringify({ vector: [...rows.subarray(2 * i, 2 * i + 2)], ...labels, ...changes })}\n`
    writeFileSync(lines, texts.map((_, i) => line(i)).join(''))
    const deduped = async (vectors: string, given = withVectors, input = texts) => {
      const written: string[] = []
      await dedupe(given, stream(input), { vectors }, async (text) => void written.push(text))
      return written.map((text) => (JSON.parse(text) as { lines: number[] }).lines)
    }
    for (const file of [npy, parquet, lines]) {
      expect(await deduped(file)).toEqual([
        [1, 3],
        [2, 5]
      ])
      const other = {
        ...withVectors,
        info: { ...info, model: 'newer', modelHash: 'b'.repeat(64) }
      } as unknown as typeof matcher
      await expect(deduped(file, other)).rejects.toMatchObject({
        code: 'vectors-mismatch',
        message: expect.stringMatching(/model small \(aaaaaaaaaaaa\), but newer \(bbbbbbbbbbbb, fp32\)/)
      })
      await expect(deduped(file, withVectors, ['0'])).rejects.toMatchObject({ code: 'data-invalid' })
    }
    writeFileSync(lines, line(0) + line(1, { model: 'newer', modelHash: 'b'.repeat(64) }))
    await expect(deduped(lines)).rejects.toMatchObject({
      code: 'vectors-mismatch',
      message: expect.stringMatching(
        /v\.jsonl:2: .* newer \(bbbbbbbbbbbb\), but the first one is of small \(aaaaaaaaaaaa\)/
      )
    })
    writeFileSync(`${npy}.json`, JSON.stringify({ ...labels, sha256: 'c'.repeat(64) }))
    await expect(deduped(npy)).rejects.toMatchObject({
      code: 'data-invalid',
      message: expect.stringContaining('does not hold')
    })
  })
})

/** A vector of length 1 that depends on nothing but its seed. */
function randomUnit(seed: number, width: number): number[] {
  const values = Array.from({ length: width }, (_, k) => Math.sin((seed + 1) * (k + 1) * 78.233) * 43_758.5453).map(
    (value) => value - Math.floor(value) - 0.5
  )
  const norm = Math.hypot(...values)
  return values.map((value) => value / norm)
}

describe('embedding a stream', () => {
  it('gives every text its vector, in order', async () => {
    const texts = Array.from({ length: 1100 }, (_, i) => String(i % 360))
    const seen: string[] = []
    for await (const chunk of embedTexts(matcher, stream(texts), 'dup')) {
      for (const { text, vector } of chunk) {
        seen.push(text)
        expect(vector[0]).toBeCloseTo(Math.cos((Number(text) * Math.PI) / 180), 6)
      }
    }
    expect(seen).toEqual(texts)
  })
})

/** One text, and then silence. */
async function* silent(): AsyncGenerator<string> {
  yield '0'
  await new Promise(() => undefined)
}

describe('a stop while the input is silent', () => {
  it('ends waiting, rejects with its reason, and gives nothing of the texts at hand', async () => {
    const stop = new AbortController()
    const seen: unknown[] = []
    const embedding = (async () => {
      for await (const chunk of embedTexts(matcher, silent(), 'dup', stop.signal)) seen.push(chunk)
    })()
    const deduping = dedupe(matcher, silent(), {}, async (text) => void seen.push(text), stop.signal)
    setTimeout(() => stop.abort('enough'), 20)
    expect(await Promise.allSettled([embedding, deduping])).toMatchObject([{ reason: 'enough' }, { reason: 'enough' }])
    expect(seen).toEqual([])
  })
})

describe('a NumPy file', () => {
  it('holds shape and rows, and appears when it is whole', async () => {
    const path = join(npyRoot, 'rows.npy')
    const file = await createNpy(path, 2)
    await file.write(Float32Array.of(1, 2, 3, 4))
    await file.write(Float32Array.of(5, 6))
    expect(existsSync(path)).toBe(false)
    await file.finish()
    const bytes = readFileSync(path)
    expect(bytes.subarray(0, 8)).toEqual(Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]))
    expect(bytes.readUInt16LE(8)).toBe(118)
    expect(bytes.subarray(10, 128).toString()).toMatch(
      /^\{'descr': '<f4', 'fortran_order': False, 'shape': \(3, 2\), \} +\n$/
    )
    expect([...new Float32Array(Uint8Array.from(bytes.subarray(128)).buffer)]).toEqual([1, 2, 3, 4, 5, 6])
  })

  it('leaves nothing when it is discarded, and names a folder that is not there', async () => {
    const file = await createNpy(join(npyRoot, 'none.npy'), 2)
    await file.discard()
    expect(readdirSync(npyRoot)).toEqual(['rows.npy'])
    await expect(createNpy(join(npyRoot, 'no/where.npy'), 2)).rejects.toBeInstanceOf(MatcherError)
  })
})
