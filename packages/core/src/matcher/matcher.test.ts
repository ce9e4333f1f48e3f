import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { createFakeEngine, fakeInfo, fakeLogits, fakeManifest, fakeTokenizer } from '../engine/fake-engine.fixtures'
import { fitOneBatch } from '../engine/batch'
import { encodePairs } from '../engine/encode'
import { startCall } from './call'
import { createMatcherFrom } from './matcher'
import { createQueue } from './queue'
import { createSignals } from './signals'
import type { CommonOptions, Pair } from './types'
import { matchScore } from './score'
import { TASKS, type Task } from '../tasks'

const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1))

function create(options: Partial<CommonOptions<Task>> = {}, engine = createFakeEngine(), workers = 2) {
  return { engine, matcher: createMatcherFrom<Task>(engine, fakeManifest(), { ...fakeInfo, workers }, options) }
}

function expected({ a, b, task }: Pair, maxLength = 64): readonly [number, number] {
  const [one] = encodePairs(fakeTokenizer, [{ a, b }], { maxLength, truncation: 'longest-first' })
  return fakeLogits(one!.tokenIds, one!.segmentIds, TASKS.indexOf(task))
}

const text = fc.string({ maxLength: 80 })
const pairs = fc.array(fc.record({ a: text, b: text, task: fc.constantFrom(...TASKS) }), { maxLength: 60 })

describe('a matcher', () => {
  it('returns the logits of every pair, in input order, whatever else runs and in whatever order batches finish', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(pairs, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 8, max: 2_000 }),
        fc.nat(7),
        async (calls, batchTokens, seed) => {
          const { engine, matcher } = create(
            { batchTokens },
            createFakeEngine((batch) => ((batch.batch * 7 + seed) % 3 ? tick() : undefined))
          )
          const answers = await Promise.all(calls.map((call) => matcher.matchMany(call)))
          answers.forEach((results, i) => {
            expect(results.map(({ task, logits }) => ({ task, logits }))).toEqual(
              calls[i]!.map((pair) => ({ task: pair.task, logits: expected(pair) }))
            )
          })
          expect(engine.most).toBeLessThanOrEqual(2)
          for (const { batch, seq } of engine.batches) expect(batch === 1 || batch * seq <= batchTokens).toBe(true)
        }
      ),
      { numRuns: 40 }
    )
  })

  it('turns logits into score, label and threshold', async () => {
    const { matcher } = create({ thresholds: { 'B-ll': 0.99 } })
    const result = await matcher.match('今天', '明天', 'A-ss')
    expect(result).toEqual({
      task: 'A-ss',
      logits: result.logits,
      score: matchScore(result.logits),
      threshold: 0.1,
      label: 1,
      tokenCount: 7,
      truncated: false
    })
    expect(await matcher.match('今天', '明天', 'B-ll')).toMatchObject({ threshold: 0.99, label: 0 })
    expect(await matcher.match('一'.repeat(100), '', 'A-ss')).toMatchObject({ tokenCount: 64, truncated: true })
  })

  it('joins concurrent calls into one batch, sorted by length', async () => {
    const { engine, matcher } = create()
    await Promise.all(['aaaa', 'bbbb', 'cccc', 'ddd'].map((a) => matcher.match(a, 'xxxxxxxx', 'A-ss')))
    expect(engine.batches.map(({ batch }) => batch)).toEqual([4])
    await matcher.matchMany(Array.from({ length: 40 }, (_, i) => ({ a: 'x'.repeat(i), b: '', task: 'A-ss' as const })))
    for (const { tokenIds, seq } of engine.batches.slice(1)) {
      expect(tokenIds.filter((id) => id === 0).length / tokenIds.length).toBeLessThanOrEqual(0.1)
      expect(seq).toBeGreaterThan(0)
    }
  })

  it('sends an idle engine one message for calls that fit one batch, and encodes and runs waiting calls separately', async () => {
    const { engine, matcher } = create({}, createFakeEngine(tick), 1)
    await Promise.all([matcher.match('aa', 'bb', 'A-ss'), matcher.match('ac', 'bd', 'B-ll')])
    expect(engine.asked).toEqual(['encodeAndRun'])
    const first = matcher.match('one', '', 'A-ss')
    await Promise.resolve()
    await Promise.all([first, matcher.match('two', '', 'A-ss')])
    expect(engine.asked).toEqual(['encodeAndRun', 'encodeAndRun', 'encode', 'run'])
    const uneven = [
      { a: 'x', b: '', task: 'A-ss' as const },
      { a: 'x'.repeat(50), b: 'y', task: 'B-sl' as const }
    ]
    expect((await matcher.matchMany(uneven)).map(({ logits }) => logits)).toEqual(uneven.map((pair) => expected(pair)))
    expect(engine.asked.slice(4)).toEqual(['encodeAndRun', 'run', 'run'])
  })

  it('sends an idle engine one message for concurrent calls of different lengths that fit one batch', async () => {
    const { engine, matcher } = create({}, createFakeEngine(tick), 1)
    const many = Array.from({ length: 20 }, () => ({ a: 'aa', b: 'bb', task: 'A-ss' as const }))
    await Promise.all([matcher.matchMany(many), matcher.match('ac', 'bd', 'B-ll')])
    expect(engine.asked).toEqual(['encodeAndRun'])
  })

  it('runs only pairs of equal length together if no padding is allowed', async () => {
    const { engine, matcher } = create({ batchPadding: 0 }, createFakeEngine(tick), 1)
    const uneven = Array.from({ length: 60 }, (_, i) => ({ a: 'x'.repeat(i % 7), b: '', task: 'A-ss' as const }))
    await Promise.all([matcher.matchMany(uneven), matcher.match('xx', 'x', 'A-ss'), matcher.match('x', '', 'A-ss')])
    expect(engine.batches.some(({ batch }) => batch > 5)).toBe(true)
    for (const { tokenIds } of engine.batches) expect(tokenIds).not.toContain(0)
  })

  it('serves a single pair soon while a long call is under way', async () => {
    const { engine, matcher } = create({ batchTokens: 64 }, createFakeEngine(tick), 1)
    const long = matcher.matchMany(
      Array.from({ length: 400 }, (_, i) => ({ a: `${i}`.padEnd(40, 'x'), b: '', task: 'A-ss' as const }))
    )
    while (engine.batches.length < 3) await tick()
    await matcher.match('single', 'pair', 'A-ss')
    expect(engine.batches.length).toBeLessThan(12)
    await long
  })

  it('ranks candidates, best first, equal ones in input order', async () => {
    const { matcher } = create()
    const candidates = ['one', 'two', 'three', 'two', 'four']
    const ranked = await matcher.rank('query', candidates, 'B-sl')
    expect(ranked.map(({ index }) => index).sort()).toEqual([0, 1, 2, 3, 4])
    ranked.forEach((result, i) => {
      expect(result.text).toBe(candidates[result.index])
      expect(result.logits).toEqual(expected({ a: 'query', b: result.text, task: 'B-sl' }))
      if (i > 0)
        expect(
          ranked[i - 1]!.score > result.score ||
            (ranked[i - 1]!.score === result.score && ranked[i - 1]!.index < result.index)
        ).toBe(true)
    })
    expect(await matcher.rank('query', candidates, 'B-sl', { topK: 2 })).toEqual(ranked.slice(0, 2))
    expect(await matcher.rank('query', [], 'B-sl')).toEqual([])
  })

  it('combines windows by the best score or the mean', async () => {
    const pair = { a: 'ab', b: 'cdefghij', task: 'A-ss' } as const
    const truncation = { window: 9, stride: 2, combine: 'max' } as const
    const parts = encodePairs(fakeTokenizer, [pair], { maxLength: 64, truncation }).map((one) =>
      fakeLogits(one.tokenIds, one.segmentIds, 0)
    )
    const best = await create({ truncation }).matcher.match(pair.a, pair.b, pair.task)
    expect(best.score).toBe(Math.max(...parts.map(matchScore)))
    expect(best).toMatchObject({ tokenCount: 27, truncated: false })
    const mean = await create({ truncation: { ...truncation, combine: 'mean' } }).matcher.match(
      pair.a,
      pair.b,
      pair.task
    )
    expect(mean.logits[1]).toBeCloseTo(parts.reduce((sum, [, yes]) => sum + yes, 0) / parts.length, 12)
  })

  it('reports progress and accepts an empty list', async () => {
    const { matcher } = create({ batchTokens: 32 })
    const seen: number[] = []
    await matcher.matchMany(
      Array.from({ length: 9 }, () => ({ a: 'aaaa', b: 'bbbb', task: 'A-ss' as const })),
      { onProgress: ({ done }) => seen.push(done) }
    )
    expect(seen.at(-1)).toBe(9)
    expect(seen).toEqual([...seen].sort((one, other) => one - other))
    expect(await matcher.matchMany([])).toEqual([])
  })
})

describe('giving up', () => {
  it('never runs an aborted call that has not started, and passes the reason through', async () => {
    const gate = withResolvers()
    const { engine, matcher } = create(
      {},
      createFakeEngine(() => gate.promise),
      1
    )
    const first = matcher.match('first', '', 'A-ss')
    await tick()
    const controller = new AbortController()
    const second = matcher.match('second', '', 'A-ss', { signal: controller.signal })
    controller.abort(new Error('not wanted'))
    await expect(second).rejects.toThrow('not wanted')
    gate.resolve()
    await first
    await tick()
    expect(engine.encoded).toEqual(['first'])
    expect(engine.batches).toHaveLength(1)
    await expect(matcher.match('third', '', 'A-ss', { signal: AbortSignal.abort('early') })).rejects.toBe('early')
  })

  it('stops between batches', async () => {
    const controller = new AbortController()
    const { engine, matcher } = create(
      { batchTokens: 32 },
      createFakeEngine(() => tick()),
      1
    )
    const call = matcher.matchMany(
      Array.from({ length: 60 }, () => ({ a: 'aaaaaaaaaa', b: 'b', task: 'A-ss' as const })),
      {
        signal: controller.signal,
        onProgress: ({ done }) => {
          if (done >= 6) controller.abort()
        }
      }
    )
    await expect(call).rejects.toMatchObject({ name: 'AbortError' })
    const ran = engine.batches.length
    await matcher.match('x', 'y', 'A-ss')
    expect(engine.batches.length).toBeLessThanOrEqual(ran + 2)
  })

  it('keeps deadlines, and frees the queue', async () => {
    const gate = withResolvers()
    const { matcher } = create(
      { maxQueue: 2 },
      createFakeEngine(() => gate.promise),
      1
    )
    await expect(matcher.match('a', 'b', 'A-ss', { deadlineMs: 5 })).rejects.toMatchObject({
      code: 'deadline-exceeded'
    })
    const late = matcher.matchMany([
      { a: 'a', b: 'b', task: 'A-ss' },
      { a: 'c', b: 'd', task: 'A-ss' }
    ])
    await expect(matcher.match('a', 'b', 'A-ss')).rejects.toMatchObject({ code: 'queue-full' })
    gate.resolve()
    await expect(late).resolves.toHaveLength(2)
    await expect(matcher.match('a', 'b', 'A-ss')).resolves.toBeDefined()
  })

  it('accepts one call that is larger than the queue if nothing is waiting', async () => {
    const { matcher } = create({ maxQueue: 2 })
    await expect(
      matcher.matchMany(Array.from({ length: 5 }, () => ({ a: '', b: '', task: 'A-ss' as const })))
    ).resolves.toHaveLength(5)
  })

  it('rejects waiting calls when it is disposed, lets the current batch finish, and disposes of the engine once', async () => {
    const gate = withResolvers()
    const { engine, matcher } = create(
      {},
      createFakeEngine(() => gate.promise),
      1
    )
    const waiting = matcher.match('a', 'b', 'A-ss')
    const rejected = expect(waiting).rejects.toMatchObject({ code: 'disposed' })
    await tick()
    const done = Promise.all([matcher.dispose(), matcher.dispose(), matcher[Symbol.asyncDispose]()])
    await rejected
    await tick()
    expect(engine.disposed).toBe(0)
    gate.resolve()
    await done
    expect(engine.disposed).toBe(1)
    await expect(matcher.match('a', 'b', 'A-ss')).rejects.toMatchObject({ code: 'disposed' })
  })

  it('rejects only the calls of a batch that failed', async () => {
    let failures = 1
    const { matcher } = create(
      {},
      createFakeEngine(() => {
        if (failures-- > 0) throw new Error('boom')
      }),
      1
    )
    await expect(matcher.match('a', 'b', 'A-ss')).rejects.toThrow('boom')
    await expect(matcher.match('a', 'b', 'A-ss')).resolves.toBeDefined()
  })

  it('never returns NaN', async () => {
    const engine = createFakeEngine()
    engine.run = async (batch) => new Float32Array(2 * batch.batch).fill(NaN)
    engine.encodeAndRun = async (pairs, policy) => ({
      pairs: await engine.encode(pairs, policy),
      outputs: Float32Array.of(0, NaN)
    })
    const { matcher } = create({}, engine)
    await expect(matcher.match('a', 'b', 'A-ss')).rejects.toMatchObject({ code: 'inference-failed' })
    await expect(
      matcher.matchMany(Array.from({ length: 40 }, () => ({ a: '', b: '', task: 'A-ss' as const })))
    ).rejects.toMatchObject({ code: 'inference-failed' })
  })
})

describe('bad input', () => {
  const { engine, matcher } = create()
  const bad = matcher as unknown as {
    match(...input: unknown[]): Promise<unknown>
    matchMany(...input: unknown[]): Promise<unknown>
    rank(...input: unknown[]): Promise<unknown>
  }

  it.each([
    ['a number for a text', () => bad.match(5, 'b', 'A-ss'), 'input-invalid', 'a is 5; it must be a string.'],
    ['nothing for a text', () => bad.match('a', undefined, 'A-ss'), 'input-invalid', 'b is undefined'],
    [
      '10 MB of text',
      () => bad.match('中'.repeat(10_000_000), 'b', 'A-ss'),
      'input-invalid',
      'a has 10000000 characters'
    ],
    [
      'an unknown task',
      () => bad.match('a', 'b', 'C-ll'),
      'task-unknown',
      'There is no task "C-ll"; this model knows A-ss'
    ],
    ['no task', () => bad.match('a', 'b'), 'task-unknown', 'undefined'],
    ['a pair that is null', () => bad.matchMany([{ a: '', b: '', task: 'A-ss' }, null]), 'input-invalid', 'pairs[1].a'],
    ['pairs that are not an array', () => bad.matchMany('ab'), 'input-invalid', 'pairs must be an array'],
    [
      'candidates that are not an array',
      () => bad.rank('a', 'b', 'A-ss'),
      'input-invalid',
      'candidates must be an array'
    ],
    ['a candidate that is not a text', () => bad.rank('a', ['b', 7], 'A-ss'), 'input-invalid', 'candidates[1] is 7'],
    ['a topK of 0', () => bad.rank('a', ['b'], 'A-ss', { topK: 0 }), 'input-invalid', 'topK is 0'],
    ['a deadline of -1', () => bad.match('a', 'b', 'A-ss', { deadlineMs: -1 }), 'input-invalid', 'deadlineMs is -1']
  ])('refuses %s', async (_, call, code, message) => {
    await expect(call()).rejects.toMatchObject({ code, message: expect.stringContaining(message) })
    expect(engine.batches).toHaveLength(0)
  })

  it('accepts empty texts, NUL and lone surrogates', async () => {
    await expect(
      create().matcher.matchMany(['', '\0', '\ud800', 'a\udc00b'].map((a) => ({ a, b: a, task: 'A-ss' as const })))
    ).resolves.toHaveLength(4)
  })

  it.each([
    [{ tasks: ['dup'] }, 'task-unknown', 'There is no task "dup"'],
    [{ thresholds: { 'A-ss': 2 } }, 'input-invalid', 'threshold of "A-ss" is 2'],
    [{ thresholds: { 'C-ll': 0.5 } }, 'task-unknown', 'C-ll'],
    [{ maxLength: 2 }, 'input-invalid', 'maxLength is 2'],
    [{ maxLength: 1e9 }, 'input-invalid', 'at most 2048'],
    [{ maxLength: 2_049 }, 'input-invalid', 'at most 2048'],
    [{ truncation: 'middle' }, 'input-invalid', 'truncation is "middle"'],
    [{ truncation: { window: 100, stride: 2, combine: 'max' } }, 'input-invalid', 'truncation.window is 100'],
    [{ truncation: { window: 32, stride: 0, combine: 'max' } }, 'input-invalid', 'truncation.stride is 0'],
    [{ maxQueue: 0 }, 'input-invalid', 'maxQueue is 0'],
    [{ batchTokens: 0.5 }, 'input-invalid', 'batchTokens is 0.5'],
    [{ batchPadding: 1.5 }, 'input-invalid', 'batchPadding is 1.5'],
    [{ batchPadding: NaN }, 'input-invalid', 'batchPadding is NaN']
  ])('refuses the options %j', (options, code, message) => {
    expect(() => create(options as never)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) })
    )
  })

  it('refuses a maxLength beyond the positions of the graph, which its manifest may name', () => {
    const created = (manifest: Record<string, unknown>, maxLength: number) =>
      createMatcherFrom(createFakeEngine(), fakeManifest(manifest), fakeInfo, { maxLength }).info.limits.maxLength
    expect(created({}, 2_048)).toBe(2_048)
    expect(created({ maxLength: 1_500 }, 3_000)).toBe(3_000)
    expect(created({ maxPositions: 512 }, 512)).toBe(512)
    expect(() => created({ maxPositions: 512 }, 513)).toThrow('at most 512')
    expect(() => created({ maxLength: 8_192 }, 8_193)).toThrow('at most 8192')
  })

  it('requires task names if the model has its own', async () => {
    const manifest = fakeManifest({ tasks: [{ name: 'dup', id: 0, group: 'dup', threshold: 0.5 }] })
    expect(() => createMatcherFrom(createFakeEngine(), manifest, fakeInfo, {})).toThrow(
      'This model has the tasks dup, not the six Sohu tasks'
    )
    const custom = createMatcherFrom(createFakeEngine(), manifest, fakeInfo, { tasks: ['dup'] })
    await expect(custom.match('a', 'b', 'dup')).resolves.toMatchObject({ task: 'dup', threshold: 0.5 })
  })
})

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

describe('careless callers', () => {
  const pair = { a: 'aa', b: 'bb', task: 'A-ss' as const }

  it('rejects only the call whose onProgress throws, not those that share its batch', async () => {
    const { matcher } = create()
    const bug = new Error('bug in a callback')
    const evil = matcher.matchMany([pair], {
      onProgress: () => {
        throw bug
      }
    })
    const innocent = matcher.match('cc', 'dd', 'A-ss')
    await expect(evil).rejects.toBe(bug)
    await expect(innocent).resolves.toBeDefined()
  })

  it('refuses an array with holes, naming the hole, and answers concurrent calls', async () => {
    const { matcher } = create()
    const sparse = [pair, , pair] as (typeof pair)[] // eslint-disable-line no-sparse-arrays
    const bad = expect(matcher.matchMany(sparse)).rejects.toMatchObject({
      code: 'input-invalid',
      message: expect.stringContaining('pairs[1].a is undefined')
    })
    await expect(matcher.match('cc', 'dd', 'A-ss')).resolves.toBeDefined()
    await bad
    const candidates = ['a', , 'b'] as string[] // eslint-disable-line no-sparse-arrays
    await expect(matcher.rank('q', candidates, 'A-ss')).rejects.toMatchObject({
      message: expect.stringContaining('candidates[1] is undefined')
    })
  })

  it('refuses values that are not abort signals, and survives a broken signal', async () => {
    const { matcher } = create()
    const half = { aborted: false, addEventListener() {} } as unknown as AbortSignal
    await expect(matcher.matchMany([pair], { signal: half })).rejects.toMatchObject({ code: 'input-invalid' })
    const broken = {
      aborted: false,
      addEventListener() {},
      removeEventListener() {
        throw new Error('broken signal')
      }
    } as unknown as AbortSignal
    const evil = expect(matcher.matchMany([pair], { signal: broken })).rejects.toThrow('broken signal')
    await expect(matcher.match('cc', 'dd', 'A-ss')).resolves.toBeDefined()
    await evil
    const eager = {
      aborted: false,
      reason: 'at once',
      addEventListener: (_: string, listener: () => void) => listener(),
      removeEventListener() {}
    } as unknown as AbortSignal
    await expect(matcher.matchMany([pair], { signal: eager })).rejects.toBe('at once')
    await expect(matcher.match('cc', 'dd', 'A-ss')).resolves.toBeDefined()
  })

  it('scores its input as it was, whatever the caller does to the arrays afterwards', async () => {
    const { matcher } = create()
    const candidates = ['aaa', 'bbbbb', 'c']
    const wanted = (await matcher.rank('query', candidates, 'A-ss')).map(({ text, score, index }) => [
      text,
      score,
      index
    ])
    const ranking = matcher.rank('query', candidates, 'A-ss')
    candidates.reverse()
    expect((await ranking).map(({ text, score, index }) => [text, score, index])).toEqual(wanted)

    const batch = [{ ...pair }, { ...pair, task: 'B-ll' as Task }]
    const judging = matcher.matchMany(batch)
    batch[0]!.task = 'nope' as never
    batch.length = 1
    expect((await judging).map(({ task, threshold }) => [task, threshold])).toEqual([
      ['A-ss', 0.1],
      ['B-ll', 0.6]
    ])
  })

  it('reads each property of a pair and of the options once', async () => {
    const { matcher } = create()
    let reads = 0
    const counting = <V>(value: V): PropertyDescriptor => ({ get: () => (reads++, value), enumerable: true })
    const odd = Object.defineProperties({}, { a: counting('aa'), b: counting('bb'), task: counting('A-ss') }) as Pair
    const run = Object.defineProperties({}, { deadlineMs: counting(10_000), signal: counting(undefined) })
    await matcher.matchMany([odd], run)
    expect(reads).toBe(5)
  })

  it('names the pair without a task', async () => {
    const { matcher } = create()
    await expect(matcher.matchMany([pair, { a: 'a', b: 'b' } as Pair])).rejects.toMatchObject({
      code: 'task-unknown',
      message: expect.stringContaining('pairs[1].task is undefined; this model knows A-ss')
    })
    await expect(matcher.match('a', 'b', 'A-ss', null as never)).rejects.toMatchObject({ code: 'input-invalid' })
    await expect(matcher.matchMany([pair], { onProgress: 'log' as never })).rejects.toMatchObject({
      code: 'input-invalid'
    })
  })

  it.each([0, -1, NaN, 2.5, '512'])('refuses batchTokens %j', (batchTokens) => {
    expect(() => create({ batchTokens: batchTokens as number })).toThrow(
      expect.objectContaining({ code: 'input-invalid', message: expect.stringContaining('batchTokens') })
    )
  })
})

describe('many calls and many windows', () => {
  it('keeps nothing of calls that were aborted while the engine was busy', async () => {
    const queue = createQueue(() => 1)
    const signals = createSignals()
    const never = (): Promise<unknown> =>
      startCall(
        [{ a: 'a', b: 'b', taskId: 0 }],
        { signal: AbortSignal.timeout(5) },
        { costOf: () => 1, combine: ([one]) => one!, signals },
        (call) => queue.add(call)
      )
    await Promise.allSettled(Array.from({ length: 300 }, never))
    expect([queue.waiting, queue.hasUnread, [...queue.calls()].length]).toEqual([0, false, 0])
    expect(queue.take()).toEqual([])
  })

  it('counts the windows of a pair against the queue', async () => {
    const truncation = { window: 13, stride: 5, combine: 'max' } as const // 10 tokens of text, 5 each
    const gate = withResolvers()
    const { matcher } = create(
      { truncation, maxQueue: 50 },
      createFakeEngine(() => gate.promise),
      1
    )
    const long = matcher.match('a'.repeat(200), 'b'.repeat(200), 'A-ss') // 40 windows
    await expect(matcher.match('a'.repeat(100), 'b'.repeat(100), 'A-ss')).rejects.toMatchObject({ code: 'queue-full' })
    const short = matcher.match('a', 'b', 'A-ss')
    gate.resolve()
    expect((await long).tokenCount).toBe(40 * 13)
    await short
    await expect(matcher.match('a'.repeat(100), 'b'.repeat(100), 'A-ss')).resolves.toBeDefined()
  })

  it('refuses a pair of more windows than a worker could hold, before it is tokenized', async () => {
    const { engine, matcher } = create({ truncation: { window: 8, stride: 1, combine: 'mean' } })
    await expect(matcher.match('a'.repeat(20_000), 'b', 'A-ss')).rejects.toMatchObject({
      code: 'input-invalid',
      message: expect.stringContaining('windows')
    })
    expect(engine.encoded).toEqual([])
  })

  it('reads tens of thousands of windows without a deep stack, a few thousand at a time', async () => {
    const { engine, matcher } = create({ truncation: { window: 8, stride: 2, combine: 'max' }, maxQueue: 1e6 })
    let most = 0
    const encode = engine.encode.bind(engine)
    engine.encode = async (...request) => {
      const encoded = await encode(...request)
      most = Math.max(most, encoded.length)
      return encoded
    }
    const pairs = Array.from({ length: 20 }, () => ({ a: 'a'.repeat(9_000), b: 'x', task: 'A-ss' as const }))
    const results = await matcher.matchMany(pairs)
    expect(results).toHaveLength(20)
    expect(most).toBeLessThan(10_000)
  }, 60_000)

  it('determines whether 200,000 sequences fit one batch', () => {
    const lengths = new Array<number>(200_000).fill(3)
    expect(fitOneBatch(lengths, { tokens: 512, padding: 0.1 })).toBe(false)
    expect(fitOneBatch(lengths, { tokens: 1e6, padding: 0.1 })).toBe(true)
  })
})

describe('work that nobody waits for', () => {
  it('is abandoned once all its calls are settled, not before', async () => {
    const gate = withResolvers()
    const { engine, matcher } = create(
      {},
      createFakeEngine(() => gate.promise),
      1
    )
    let abandoned: AbortSignal | undefined
    const encodeAndRun = engine.encodeAndRun.bind(engine)
    engine.encodeAndRun = (pairs, policy, limits, signal) => {
      abandoned = signal
      return encodeAndRun(pairs, policy, limits)
    }
    const [one, other] = [new AbortController(), new AbortController()]
    const calls = [one, other].map(({ signal }) => matcher.match('a', 'b', 'A-ss', { signal }))
    const rejected = Promise.allSettled(calls)
    await tick()
    one.abort()
    expect(abandoned!.aborted).toBe(false)
    other.abort()
    expect(abandoned!.aborted).toBe(true)
    await rejected
    gate.resolve()
  })

  it('holds up dispose for a few seconds at most', async () => {
    vi.useFakeTimers()
    try {
      const { engine, matcher } = create(
        {},
        createFakeEngine(() => new Promise(() => undefined)),
        1
      )
      const lost = expect(matcher.match('a', 'b', 'A-ss')).rejects.toMatchObject({ code: 'disposed' })
      await vi.advanceTimersByTimeAsync(1)
      const disposing = matcher.dispose()
      await lost
      await vi.advanceTimersByTimeAsync(10_000)
      await disposing
      expect(engine.disposed).toBe(1)
    } finally {
      vi.useRealTimers()
    }
  })
})
