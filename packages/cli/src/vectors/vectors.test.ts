import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MatcherError, type Matcher } from '@sohu-match/sdk-node'
import { afterAll, describe, expect, it } from 'vitest'
import { dedupe, MOST_TEXTS } from '../commands/dedupe'
import { embedTexts } from './embed-texts'
import { leastCosine, nearDuplicates } from './near-duplicates'
import { createNpy } from './npy'

const root = mkdtempSync(join(tmpdir(), 'cli-vectors-'))
afterAll(() => rmSync(root, { recursive: true }))

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
  it('groups what is above the cosine, also through others, over any number of blocks', () => {
    const angles = Array.from({ length: 300 }, (_, i) => ([1, 140, 299].includes(i) ? 50.2 : (i * 360) / 300))
    const vectors = Float32Array.from(angles.flatMap(at))
    const halfDegree = Math.cos(Math.PI / 360)
    expect(nearDuplicates(vectors, 2, halfDegree)).toEqual([[1, 42, 140, 299]]) // row 42 is at 50.4 degrees
    expect(nearDuplicates(Float32Array.from([...at(0), ...at(8), ...at(16)]), 2, Math.cos(Math.PI / 18))).toEqual([
      [0, 1, 2]
    ])
    expect(nearDuplicates(new Float32Array(0), 2, 0.5)).toEqual([])
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

  it('refuses more texts than it compares', async () => {
    const many = Array.from({ length: MOST_TEXTS + 1 }, () => '0')
    await expect(run(many)).rejects.toMatchObject({ code: 'input-invalid', message: expect.stringContaining('20000') })
  })
})

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
  }, 10_000)
})

describe('a NumPy file', () => {
  it('holds shape and rows, and appears when it is whole', async () => {
    const path = join(root, 'rows.npy')
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
    const file = await createNpy(join(root, 'none.npy'), 2)
    await file.discard()
    expect(readdirSync(root)).toEqual(['rows.npy'])
    await expect(createNpy(join(root, 'no/where.npy'), 2)).rejects.toBeInstanceOf(MatcherError)
  })
})
