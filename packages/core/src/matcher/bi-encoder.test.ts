import { describe, expect, it } from 'vitest'
import { encodePairs } from '../engine/encode'
import { createFakeEngine, fakeInfo, fakeManifest, fakeTokenizer } from '../engine/fake-engine.fixtures'
import type { Batch, TextInput, WindowTruncation } from '../engine/engine'
import { SOHU_TASKS, type Task } from '../tasks'
import { createMatcherFrom } from './matcher'
import { matchScore } from './score'
import type { VectorStore } from './text-vectors'
import type { CommonOptions } from './types'
import type { TaskText, TextVectors } from './vector-cache'

const HIDDEN = 4
const LETTERS = 'abcdefghijklmnopqrstuvwxyz'
const tasks = SOHU_TASKS.map((task) => ({ ...task, threshold: 0.5, scale: 10 + task.id, offset: -task.id }))
const manifest = fakeManifest({ format: 2, architecture: 'bi-encoder', hidden: HIDDEN, maxPositions: 100, tasks })

/** A vector of length 1 that depends on every token, its place and the task. */
function vectorOf(tokenIds: ArrayLike<number>, taskId: number): number[] {
  const sums = Array.from({ length: HIDDEN }, (_, column) => {
    let sum = taskId
    for (let i = 0; i < tokenIds.length; i++) sum += Math.sin(tokenIds[i]! * (column + 1) + (tokenIds[i] ? i : 0))
    return sum
  })
  const norm = Math.hypot(...sums)
  return sums.map((value) => value / norm)
}

function create(options: Partial<CommonOptions<Task>> = {}, store?: VectorStore) {
  const engine = createFakeEngine()
  const run = async (batch: Batch): Promise<Float32Array> => {
    await Promise.resolve()
    const row = (i: number) => batch.tokenIds.subarray(i * batch.seq, (i + 1) * batch.seq).filter((id) => id !== 0)
    return Float32Array.from([...batch.taskIds].flatMap((task, i) => vectorOf(row(i), task)))
  }
  engine.run = run
  engine.encodeAndRun = async (pairs, policy) => ({ pairs: await engine.encode(pairs, policy) })
  return { engine, matcher: createMatcherFrom<Task>(engine, manifest, fakeInfo, options, store) }
}

/** The vectors of a text's windows, by the encoder and the formula alone. */
function expectedRows(text: string, taskId: number, truncation?: WindowTruncation): number[][] {
  const input: TextInput[] = [{ a: text }]
  const policy = { maxLength: 64, truncation: truncation ?? ('longest-first' as const) }
  return encodePairs(fakeTokenizer, input, policy).map(({ tokenIds }) => vectorOf(tokenIds, taskId))
}
const product = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0)

describe('a matcher of a bi-encoder', () => {
  it('judges a pair by the cosine of its texts, with scale and offset of the task', async () => {
    const { matcher } = create()
    const cosine = product(expectedRows('今天', 3)[0]!, expectedRows('明天气', 3)[0]!)
    const result = await matcher.match('今天', '明天气', 'B-sl')
    expect(result.logits[0]).toBe(0)
    expect(result.logits[1]).toBeCloseTo(13 * cosine - 3, 5)
    expect(result).toMatchObject({ task: 'B-sl', threshold: 0.5, tokenCount: 9, truncated: false })
    expect(result.score).toBe(matchScore(result.logits))
    expect(result.label).toBe(result.score > 0.5 ? 1 : 0)
    expect(await matcher.match('一'.repeat(100), '', 'A-ss')).toMatchObject({ tokenCount: 66, truncated: true })
  })

  it('encodes each text once for each task, across calls, and reports what it holds', async () => {
    const { engine, matcher } = create()
    const pairs = ['b', 'c', 'b'].map((b) => ({ a: 'a', b, task: 'A-ss' as const }))
    const first = await matcher.matchMany(pairs)
    expect(engine.encoded.sort()).toEqual(['a', 'b', 'c'])
    expect(first[0]).toEqual(first[2])
    expect(await matcher.matchMany(pairs)).toEqual(first)
    await matcher.rank('b', ['c', 'a'], 'A-ss')
    expect(engine.encoded).toHaveLength(3)
    expect(matcher.info.vectors).toEqual({ hidden: HIDDEN, cacheSize: 20_000, cached: 3 })
    await matcher.match('a', 'b', 'B-ss')
    expect(engine.encoded).toHaveLength(5)
    expect(matcher.info).toMatchObject({ architecture: 'bi-encoder', vectors: { cached: 5 } })
  })

  it('forgets the texts that were not used for longest', async () => {
    const { engine, matcher } = create({ cacheSize: 2 })
    await matcher.embed(['a', 'b'], 'A-ss')
    await matcher.embed(['a'], 'A-ss')
    await matcher.embed(['c'], 'A-ss') // drops b
    await matcher.embed(['a'], 'A-ss')
    expect(engine.encoded).toEqual(['a', 'b', 'c'])
    await matcher.embed(['b'], 'A-ss')
    expect(engine.encoded).toHaveLength(4)
    const none = create({ cacheSize: 0 })
    await none.matcher.match('a', 'a', 'A-ss')
    await none.matcher.match('a', 'a', 'A-ss')
    expect(none.engine.encoded).toEqual(['a', 'a'])
    expect(none.matcher.info.vectors!.cached).toBe(0)
  })

  it('gives vectors [texts, hidden] in input order', async () => {
    const { matcher } = create()
    const texts = ['one', 'three', '', 'one']
    const rows = await matcher.embed(texts, 'B-ll')
    expect(rows).toHaveLength(texts.length * HIDDEN)
    texts.forEach((text, i) => {
      const wanted = expectedRows(text, 5)[0]!
      rows.subarray(i * HIDDEN, (i + 1) * HIDDEN).forEach((value, k) => expect(value).toBeCloseTo(wanted[k]!, 5))
    })
    expect(await matcher.embed([], 'B-ll')).toEqual(new Float32Array(0))
  })

  it('lets the event loop turn while it compares two long texts, and stops where nobody wants the result any more', async () => {
    const truncation = { window: 6, stride: 2, combine: 'max' } as const
    const texts = [0, 1].map((k) => Array.from({ length: 6_000 }, (_, i) => LETTERS[(i * (k + 3)) % 26]).join(''))
    const { matcher } = create({ truncation })
    await matcher.embed(texts, 'A-ss')
    expect(matcher.info.vectors!.cached).toBe(2) // from here on, all that is left is arithmetic
    let turns = 0
    const timer = setInterval(() => turns++)
    const judged = await matcher.match(texts[0]!, texts[1]!, 'A-ss')
    clearInterval(timer)
    expect(judged.logits[1]).toBeCloseTo(10 * 1, 0)
    expect(turns).toBeGreaterThan(3)

    const controller = new AbortController()
    const aborted = matcher.match(texts[0]!, texts[1]!, 'A-ss', { signal: controller.signal })
    setTimeout(() => controller.abort('enough'))
    await expect(aborted).rejects.toBe('enough')
    await expect(matcher.match(texts[0]!, texts[1]!, 'A-ss', { deadlineMs: 1 })).rejects.toMatchObject({
      code: 'deadline-exceeded'
    })
    const lost = matcher.match(texts[0]!, texts[1]!, 'A-ss')
    setTimeout(() => matcher.dispose())
    await expect(lost).rejects.toMatchObject({ code: 'disposed' })
  })

  it('compares the windows that are most alike, or the normalized means', async () => {
    const truncation = { window: 6, stride: 2, combine: 'max' } as const
    const [a, b] = ['abcdefghi', 'xyz'] as const
    const parts = expectedRows(a, 0, truncation)
    expect(parts.length).toBeGreaterThan(2)
    const other = expectedRows(b, 0, truncation)[0]!
    const best = await create({ truncation }).matcher.match(a, b, 'A-ss')
    expect(best.logits[1]).toBeCloseTo(10 * Math.max(...parts.map((part) => product(part, other))), 4)
    const sum = parts.reduce((total, part) => total.map((value, i) => value + part[i]!))
    const mean = sum.map((value) => value / Math.hypot(...sum))
    const { matcher } = create({ truncation: { ...truncation, combine: 'mean' } })
    expect((await matcher.match(a, b, 'A-ss')).logits[1]).toBeCloseTo(10 * product(mean, other), 4)
    ;(await matcher.embed([a], 'A-ss')).forEach((value, i) => expect(value).toBeCloseTo(mean[i]!, 5))
  })

  it('reports progress over all texts of a call, known ones included', async () => {
    const { matcher } = create({ batchTokens: 8 })
    const candidates = Array.from({ length: 40 }, (_, i) => `text ${i}`)
    const seen: { done: number; total: number }[] = []
    const onProgress = (progress: { done: number; total: number }) => void seen.push(progress)
    await matcher.rank('query', candidates, 'A-ss', { onProgress })
    expect(seen.length).toBeGreaterThan(5)
    expect(seen.at(-1)).toEqual({ done: 40, total: 40 })
    expect(seen).toEqual([...seen].sort((one, other) => one.done - other.done))
    seen.length = 0
    await matcher.rank('query', candidates, 'A-ss', { onProgress })
    expect(seen).toEqual([{ done: 40, total: 40 }])
  })

  it('lets a cross-encoder judge its best candidates again', async () => {
    const { matcher } = create()
    const cross = createMatcherFrom<Task>(createFakeEngine(), fakeManifest(), fakeInfo, {})
    const candidates = ['one', 'two', 'three', 'four', 'five', 'six']
    const proposed = (await matcher.rank('query', candidates, 'A-ss')).slice(0, 3).map(({ index }) => index)
    const ranked = await matcher.rank('query', candidates, 'A-ss', { rerank: cross, shortlist: 3, topK: 2 })
    const own = await cross.rank('query', candidates, 'A-ss')
    const wanted = own.filter(({ index }) => proposed.includes(index)).slice(0, 2)
    expect(ranked).toEqual(wanted)
    for (const { text, index } of ranked) expect(candidates[index]).toBe(text)
    await expect(matcher.rank('q', ['a'], 'A-ss', { rerank: matcher })).rejects.toMatchObject({
      code: 'architecture-mismatch',
      message: expect.stringContaining('rerank is a bi-encoder')
    })
    await expect(matcher.rank('q', ['a'], 'A-ss', { rerank: cross, shortlist: 0 })).rejects.toMatchObject({
      code: 'input-invalid'
    })
  })

  it('takes vectors from a store, and gives it those that it lacked', async () => {
    const kept = new Map<string, TextVectors>()
    const keyOf = (graph: string, { text, taskId }: TaskText) => `${graph} ${taskId} ${text}`
    const store: VectorStore = {
      load: async (graph, texts) => texts.map((text) => kept.get(keyOf(graph, text))),
      save: async (graph, entries) => entries.forEach(([text, vectors]) => void kept.set(keyOf(graph, text), vectors))
    }
    const rows = await create({}, store).matcher.embed(['a', 'b'], 'A-ss')
    const { engine, matcher } = create({}, store)
    expect(await matcher.embed(['b', 'c', 'a'], 'A-ss')).toEqual(
      Float32Array.of(
        ...rows.subarray(HIDDEN),
        ...(await create().matcher.embed(['c'], 'A-ss')),
        ...rows.subarray(0, HIDDEN)
      )
    )
    expect(engine.encoded).toEqual(['c'])
    expect(kept.size).toBe(3)
  })

  it('takes no vectors from a store that were made of a text cut in another way', async () => {
    const kept = new Map<string, TextVectors>()
    const store: VectorStore = {
      load: async (graph, texts) => texts.map(({ text }) => kept.get(`${graph} ${text}`)),
      save: async (graph, entries) =>
        entries.forEach(([{ text }, vectors]) => void kept.set(`${graph} ${text}`, vectors))
    }
    const text = 'x'.repeat(60)
    await create({ maxLength: 16 }, store).matcher.embed([text], 'A-ss')
    for (const options of [{}, { truncation: { window: 16, stride: 8, combine: 'max' } }] as const)
      expect(await create(options, store).matcher.embed([text], 'A-ss')).toEqual(
        await create(options).matcher.embed([text], 'A-ss')
      )
    expect(kept.size).toBe(3)
  })

  it('ranks as it judges the same pairs, for any number of results', async () => {
    const { matcher } = create()
    const candidates = Array.from({ length: 50 }, (_, i) => `candidate ${(i * 7) % 23}`)
    const judged = await matcher.matchMany(candidates.map((b) => ({ a: 'query', b, task: 'B-ss' as const })))
    const wanted = judged
      .map((result, index) => ({ ...result, index, text: candidates[index]! }))
      .sort((one, other) => other.score - one.score || one.index - other.index)
    expect(await matcher.rank('query', candidates, 'B-ss')).toEqual(wanted)
    expect(await matcher.rank('query', candidates, 'B-ss', { topK: 4 })).toEqual(wanted.slice(0, 4))
    await expect(matcher.rank('query', ['a', 5 as never], 'A-ss')).rejects.toThrow('candidates[1] is 5')
    await expect(matcher.rank('query', [], 'C-ss' as never)).rejects.toMatchObject({ code: 'task-unknown' })
  })

  it('never compares vectors of two graphs, when the engine moves to another dtype within a call or between two', async () => {
    const info = { ...fakeInfo, modelHash: 'q8' }
    const kept: string[] = []
    const store: VectorStore = {
      load: async (graph, texts) => texts.map(() => void graph),
      save: async (graph, entries) => void kept.push(...entries.map(([{ text }]) => `${text} ${graph[0]}`))
    }
    const engine = createFakeEngine()
    const matcher = createMatcherFrom<Task>(engine, manifest, info, { batchTokens: 8 }, store)
    let runs = 0
    engine.encodeAndRun = async (pairs, policy) => ({ pairs: await engine.encode(pairs, policy) })
    engine.run = async ({ batch }) => {
      if (++runs === 2) info.modelHash = 'int8'
      return Float32Array.from({ length: batch * HIDDEN }, (_, i) =>
        Number(i % HIDDEN === (info.modelHash === 'q8' ? 0 : 1))
      )
    }
    const texts = ['one', 'two', 'three', 'four']
    const rows = await matcher.embed(texts, 'A-ss')
    texts.forEach((_, i) => expect([...rows.subarray(i * HIDDEN, (i + 1) * HIDDEN)]).toEqual([0, 1, 0, 0]))
    expect(matcher.info).toMatchObject({ modelHash: 'int8', vectors: { cached: 4 } })
    info.modelHash = 'q8'
    expect([...(await matcher.embed(['one'], 'A-ss'))]).toEqual([1, 0, 0, 0])
    expect(kept).toEqual(['one i', 'two i', 'three i', 'four i', 'one q'])
  })

  it('ranks stored vectors without encoding their texts', async () => {
    const candidates = ['one', 'two', 'three']
    const { matcher: before } = create()
    const vectors = {
      ...{ rows: await before.embed(candidates, 'A-sl'), hidden: HIDDEN, task: 'A-sl' },
      ...{ model: before.info.model, modelHash: before.info.modelHash }
    }
    const { engine, matcher } = create()
    const ranked = await matcher.rank('query', candidates, 'A-sl', { vectors, topK: 2 })
    expect(engine.encoded).toEqual(['query'])
    const wanted = await before.rank('query', candidates, 'A-sl', { topK: 2 })
    const scores = (results: readonly { index: number; score: number }[]) =>
      results.map(({ index, score }) => [index, score])
    expect(scores(ranked)).toEqual(scores(wanted))
    expect(ranked[0]).toMatchObject({ tokenCount: 7, truncated: false }) // [CLS] query [SEP]
    const rank = (task: Task, changes: object, texts = candidates) =>
      matcher.rank('query', texts, task, { vectors: { ...vectors, ...changes } })
    await expect(rank('A-sl', { model: 'older', modelHash: 'abc'.repeat(9) })).rejects.toMatchObject({
      code: 'vectors-mismatch',
      message: expect.stringMatching(/model older \(abcabcabcabc\), but fake \(000000000000, fp32\) is loaded/)
    })
    await expect(rank('A-ss', {})).rejects.toMatchObject({
      code: 'vectors-mismatch',
      message: expect.stringContaining('for the task A-sl, but the call is for A-ss')
    })
    const invalid = { code: 'input-invalid' }
    await expect(rank('A-sl', {}, ['one'])).rejects.toMatchObject(invalid)
    await expect(rank('A-sl', { hidden: 3 })).rejects.toMatchObject(invalid)
    await expect(rank('A-sl', { rows: [1, 2] })).rejects.toMatchObject(invalid)
  })

  it('refuses stored vectors where the query came to be read by another graph than theirs', async () => {
    const info = { ...fakeInfo, modelHash: 'q8' }
    const engine = createFakeEngine()
    const matcher = createMatcherFrom<Task>(engine, manifest, info, {})
    engine.encodeAndRun = async (pairs, policy) => ({ pairs: await engine.encode(pairs, policy) })
    engine.run = async ({ batch }) => {
      info.modelHash = 'int8'
      return new Float32Array(batch * HIDDEN).fill(0.5)
    }
    const { model, modelHash } = matcher.info
    const vectors = { rows: new Float32Array(HIDDEN).fill(0.5), hidden: HIDDEN, task: 'A-ss', model, modelHash }
    await expect(matcher.rank('query', ['one'], 'A-ss', { vectors })).rejects.toMatchObject({
      code: 'vectors-mismatch'
    })
  })

  it('gives up with the signal, and after dispose', async () => {
    const { engine, matcher } = create()
    await matcher.embed(['a'], 'A-ss')
    await expect(matcher.embed(['a'], 'A-ss', { signal: AbortSignal.abort('enough') })).rejects.toBe('enough')
    await matcher.dispose()
    await expect(matcher.match('a', 'b', 'A-ss')).rejects.toMatchObject({ code: 'disposed' })
    expect(engine.disposed).toBe(1)
  })

  it('answers nothing after dispose, not even what its cache holds', async () => {
    const { matcher } = create()
    await matcher.rank('a', ['b'], 'A-ss')
    await matcher.dispose()
    const calls = [
      matcher.match('a', 'b', 'A-ss'),
      matcher.matchMany([]),
      matcher.rank('a', ['b'], 'A-ss'),
      matcher.rank('a', [], 'A-ss'),
      matcher.embed(['a'], 'A-ss'),
      matcher.embed([], 'A-ss')
    ]
    for (const outcome of await Promise.allSettled(calls))
      expect(outcome).toMatchObject({ reason: { code: 'disposed' } })
  })

  it('accepts a signal that has only what an older AbortSignal has', async () => {
    const { signal } = new AbortController()
    const older = (aborted: boolean, reason?: unknown) =>
      ({
        aborted,
        reason,
        addEventListener: signal.addEventListener.bind(signal),
        removeEventListener: signal.removeEventListener.bind(signal)
      }) as unknown as AbortSignal
    const { matcher } = create()
    await matcher.embed(['a'], 'A-ss')
    expect(await matcher.embed(['a'], 'A-ss', { signal: older(false) })).toHaveLength(HIDDEN)
    await expect(matcher.embed(['a'], 'A-ss', { signal: older(true, 'enough') })).rejects.toBe('enough')
  })
})

describe('calls of the other kind of model', () => {
  it('refuses embed of a cross-encoder, saying which model has vectors', async () => {
    const cross = createMatcherFrom<Task>(createFakeEngine(), fakeManifest(), fakeInfo, {})
    expect(cross.info).toMatchObject({ architecture: 'cross-encoder' })
    expect(cross.info.vectors).toBeUndefined()
    await expect(cross.embed(['a'], 'A-ss')).rejects.toMatchObject({
      code: 'architecture-mismatch',
      message: 'fake is a cross-encoder: it judges pairs and has no vectors. Load a bi-encoder to embed texts.'
    })
    const vectors = { rows: new Float32Array(2), hidden: 2, task: 'A-ss', model: 'fake', modelHash: '0'.repeat(64) }
    await expect(cross.rank('a', ['b'], 'A-ss', { vectors })).rejects.toMatchObject({ code: 'architecture-mismatch' })
  })

  it('refuses a maxLength beyond learned positions, a bad cacheSize, and bad texts', async () => {
    expect(() => create({ maxLength: 101 })).toThrow(
      'maxLength is 101; it must be a whole number of at least 4 and at most 100'
    )
    expect(() => create({ cacheSize: -1 })).toThrow('cacheSize is -1')
    const { matcher } = create()
    await expect(matcher.embed('text' as never, 'A-ss')).rejects.toThrow('texts must be an array of strings')
    await expect(matcher.embed(['a', 5 as never], 'A-ss')).rejects.toThrow('texts[1] is 5')
    await expect(matcher.embed(['a'], 'C-ll' as never)).rejects.toMatchObject({ code: 'task-unknown' })
  })

  it('refuses a graph whose rows are not as wide as the manifest says', async () => {
    const engine = createFakeEngine() // its rows are logits
    const matcher = createMatcherFrom<Task>(engine, manifest, fakeInfo, {})
    await expect(matcher.match('a', 'b', 'A-ss')).rejects.toMatchObject({
      code: 'inference-failed',
      message: expect.stringContaining('rows of 2 numbers; its manifest says 4')
    })
  })
})
