import { MatcherError, type MatchResult } from '@sohu-match/sdk-node'
import { describe, expect, it } from 'vitest'
import { scoreLines, type ScoreOptions, type ScoreOutcome } from './score-lines'

/** Judges after a while that differs from call to call, and counts what is under way. It has no room for more than `room` texts. */
function fakeMatcher(room = Infinity) {
  const state = { underWay: 0, most: 0, calls: 0 }
  const match = async (a: string, _b: string, task: string): Promise<MatchResult<string>> => {
    if (task === 'unknown') throw new MatcherError('task-unknown', 'There is no task "unknown".')
    if (a.length > 100) throw new MatcherError('input-invalid', `a has ${a.length} characters.`)
    if (a === 'crash') throw new MatcherError('inference-failed', 'A worker ended.')
    if (state.underWay > 0 && state.underWay >= room) throw new MatcherError('queue-full', 'Full.')
    state.most = Math.max(state.most, ++state.underWay)
    await new Promise((resolve) => setTimeout(resolve, 5 - (state.calls++ % 5)))
    state.underWay--
    return {
      task,
      label: 1,
      score: a.length / 100,
      threshold: 0.5,
      logits: [0, 1],
      tokenCount: a.length,
      truncated: false
    }
  }
  return { state, matcher: { match, classify: async () => ({}) as never, info: { tasks: [] } as never } }
}

const json = (i: number): string => JSON.stringify({ a: 'x'.repeat(i % 90), b: '', task: 'A-ss', id: i })

/** Lines as bytes, in pieces that are cut anywhere. */
async function* lines(
  count: number,
  change: (i: number) => string | Buffer | undefined = () => undefined
): AsyncGenerator<Uint8Array> {
  const parts = Array.from({ length: count }, (_, i) => [Buffer.from(change(i) ?? json(i)), Buffer.from('\n')])
  const bytes = Buffer.concat(parts.flat())
  for (let at = 0; at < bytes.length; at += 1_000) yield bytes.subarray(at, at + 1_000)
}

interface Scored extends Partial<ScoreOutcome> {
  readonly text: string
  readonly most: number
  readonly error: unknown
}

async function score(options: Partial<ScoreOptions>, room?: number): Promise<Scored> {
  const { state, matcher } = fakeMatcher(room)
  let text = ''
  const write = async (more: string): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve))
    text += more
  }
  const [result] = await Promise.allSettled([scoreLines({ matcher, input: lines(1_000), skip: 0, write, ...options })])
  return {
    ...(result.status === 'fulfilled' && result.value),
    text,
    most: state.most,
    error: result.status === 'rejected' ? result.reason : undefined
  }
}

const records = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>)
const ids = (text: string): unknown[] => records(text).map(({ id }) => id)
const upTo = (count: number, from = 0): number[] => Array.from({ length: count - from }, (_, i) => from + i)

describe('scoreLines', () => {
  it('writes one line for each line, in order, holding a bounded number of them', async () => {
    const { text, answers, line, most } = await score({ input: lines(5_000) })
    expect(ids(text)).toEqual(upTo(5_000))
    expect({ answers, line }).toEqual({ answers: 5_000, line: 5_000 })
    expect(most).toBeGreaterThan(256)
    expect(most).toBeLessThanOrEqual(512)
    expect(records(text)[7]).toEqual({ id: 7, task: 'A-ss', label: 1, score: 0.07, tokenCount: 7, truncated: false })
  })

  it('leaves out the lines before the first, unread', async () => {
    const { text } = await score({ skip: 900, input: lines(1_000, (i) => (i < 900 ? 'not JSON' : undefined)) })
    expect(ids(text)).toEqual(upTo(1_000, 900))
  })

  it('accepts source and target, a default task, and null for omitted values', async () => {
    const { text } = await score({
      task: 'B-ll',
      input: lines(2, (i) => ['{"source":"甲","target":"乙"}', '{"a":null,"source":"甲","b":"乙","task":null}'][i])
    })
    expect(records(text)).toMatchObject([
      { task: 'B-ll', tokenCount: 1 },
      { task: 'B-ll', tokenCount: 1 }
    ])
  })

  it('passes ids on digit for digit', async () => {
    const written = [
      '1234567890123456789',
      '1234567890123456790',
      '1.50',
      '-0',
      '1e400',
      '"1234567890123456789"',
      'null'
    ]
    const { text } = await score({ input: lines(7, (i) => `{"id": ${written[i]}, "a":"","b":"","task":"A-ss"}`) })
    expect(text.split('\n').map((line) => /^\{"id":([^,]*),/.exec(line)?.[1])).toEqual([...written, undefined])
  })

  it('reads as training does: a byte order mark, blank lines, CRLF, and U+2028 inside a string', async () => {
    const input = lines(5, (i) => [`\ufeff${json(0)}\r`, '', ' \t', json(1).replace('""', '"\u2028"'), '\r'][i])
    const { text, answers, line } = await score({ input })
    expect(ids(text)).toEqual([0, 1])
    expect({ answers, line }).toEqual({ answers: 2, line: 4 })
  })

  const BAD: [string | Buffer, string, string][] = [
    ['{"a":', 'data-invalid', 'it is not JSON'],
    ['[]', 'data-invalid', 'not a JSON object'],
    ['{"a":"x","b":5,"task":"A-ss","id":500}', 'data-invalid', '"b" is missing or not a string'],
    ['{"a":"x","b":"y","id":500}', 'data-invalid', '"task" is missing'],
    ['{"a":"x","b":"y","task":"A-ss","id":{}}', 'data-invalid', '"id" must be a string or a number'],
    ['{"a":"x","b":"y","task":"unknown","id":500}', 'task-unknown', 'There is no task "unknown"'],
    [JSON.stringify({ a: 'x'.repeat(101), b: '', task: 'A-ss', id: 500 }), 'input-invalid', 'a has 101 characters'],
    [
      Buffer.from('{"a":"\xb9\xfa","b":"","task":"A-ss","id":500}', 'latin1'),
      'data-invalid',
      'bytes that are not UTF-8'
    ]
  ]

  it.each(BAD)(
    'stops at the line %s with its number, after the lines before it are written',
    async (bad, code, message) => {
      const { text, error } = await score({ input: lines(1_000, (i) => (i === 500 ? bad : undefined)) })
      expect(error).toBeInstanceOf(MatcherError)
      expect(error).toMatchObject({ code, message: expect.stringMatching(new RegExp(`^line 501: .*${message}`)) })
      expect(ids(text)).toEqual(upTo(500))
    }
  )

  it.each(BAD)('answers the line %s with its error if it is to keep going', async (bad, code, message) => {
    const result = await score({ keepGoing: true, input: lines(1_000, (i) => (i === 500 ? bad : undefined)) })
    expect(result).toMatchObject({ answers: 1_000, bad: 1, error: undefined })
    const answers = records(result.text)
    expect(answers[500]).toMatchObject({ line: 501, code, error: expect.stringContaining(message) })
    const readable = String(bad).includes('"id":500') && !Buffer.isBuffer(bad)
    expect(answers[500]!['id']).toBe(readable ? 500 : undefined)
    expect(answers.filter(({ score }) => score !== undefined)).toHaveLength(999)
  })

  it("stops at a failure that is not the line's own, even if it is to keep going", async () => {
    const crash = '{"a":"crash","b":"","task":"A-ss"}'
    const { text, error } = await score({ keepGoing: true, input: lines(900, (i) => (i === 300 ? crash : undefined)) })
    expect(error).toMatchObject({ code: 'inference-failed' })
    expect(ids(text)).toEqual(upTo(300))
  })

  it('writes each answer at once, for a program that waits for it', async () => {
    const seen: string[] = []
    let answered: () => void = () => undefined
    async function* dialog(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 5; i++) {
        const answer = new Promise<void>((resolve) => (answered = resolve))
        yield Buffer.from(`${json(i)}\n`)
        await answer
      }
    }
    const write = async (text: string): Promise<void> => {
      seen.push(text)
      answered()
    }
    await score({ input: dialog(), write })
    expect(seen.map((text) => ids(text))).toEqual([[0], [1], [2], [3], [4]])
  })

  it('stops at a bad line of a program that sends nothing more', async () => {
    async function* silent(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(`${json(0)}\n{}\n`)
      await new Promise(() => undefined)
    }
    expect(await score({ input: silent() })).toMatchObject({ error: { code: 'data-invalid' }, text: /id/ })
  })

  it('waits for room in the queue', async () => {
    const { text, most, error } = await score({ input: lines(300) }, 7)
    expect(error).toBeUndefined()
    expect(ids(text)).toEqual(upTo(300))
    expect(most).toBeLessThanOrEqual(7)
  })

  it('stops at a signal with whole lines written, and says after which', async () => {
    const controller = new AbortController()
    const onProgress = (answers: number): void => {
      if (answers >= 384) controller.abort()
    }
    const input = lines(100_000, (i) => (i % 3 === 2 ? '' : undefined))
    const { text, answers, line, error } = await score({ input, signal: controller.signal, onProgress })
    expect(error).toBeUndefined()
    expect(ids(text)).toHaveLength(answers!)
    expect(ids(text).at(-1)).toBe(line! - 1)
    expect(answers).toBeLessThan(2_000)
  })

  it('reports a failed write, and writes nothing after it', async () => {
    const failure = new MatcherError('storage', 'The disk is full.')
    let calls = 0
    const write = async (): Promise<void> => {
      if (++calls === 3) throw failure
    }
    expect(await score({ write })).toMatchObject({ error: failure })
    expect(calls).toBe(3)
  })
})

describe('a run that is resumed', () => {
  it('scores the lines that have no answer yet', async () => {
    const input = lines(1_000, (i) => (i % 2 ? '' : undefined))
    const { text, answers } = await score({ input, skip: 100, answered: { answers: 200, lastId: '498' } })
    expect(ids(text)).toEqual(upTo(250).map((i) => 500 + 2 * i))
    expect(answers).toBe(450)
  })

  it.each([
    ['lines were inserted', { answers: 200, lastId: '198' }, 'line 200 has the id 199, but the last answer'],
    [
      'the ids are gone',
      { answers: 200, lastId: undefined },
      'has the id 199, but the last answer in the output has no id'
    ],
    ['it is shorter', { answers: 1_001, lastId: '1000' }, 'The input ends at line 1000']
  ])('refuses another input: %s', async (_, answered, message) => {
    const { error, text } = await score({ answered })
    expect(error).toMatchObject({ code: 'data-invalid', message: expect.stringContaining(message) })
    expect(text).toBe('')
  })
})
