import { appendFileSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MatcherError, type MatchResult, type Pair } from '@sohu-match/sdk-node'
import { describe, expect, it } from 'vitest'
import { scoreLines, type ScoreOptions } from './score'
import { openScoreFile } from './score-file'

/** Judges after a while that differs from call to call, and counts what is under way. */
function fakeMatcher() {
  const state = { underWay: 0, most: 0, calls: 0 }
  const matchMany = async (pairs: readonly Pair<string>[]): Promise<MatchResult<string>[]> => {
    state.most = Math.max(state.most, (state.underWay += pairs.length))
    await new Promise((resolve) => setTimeout(resolve, 5 - (state.calls++ % 5)))
    state.underWay -= pairs.length
    return pairs.map(({ a, task }) => ({
      task,
      label: 1,
      score: a.length / 100,
      threshold: 0.5,
      logits: [0, 1],
      tokenCount: a.length,
      truncated: false
    }))
  }
  return { state, matcher: { matchMany } }
}

async function* lines(
  count: number,
  change: (i: number) => string | undefined = () => undefined
): AsyncGenerator<string> {
  for (let i = 0; i < count; i++)
    yield change(i) ?? JSON.stringify({ a: 'x'.repeat(i % 90), b: '', task: 'A-ss', id: i })
}

async function score(
  options: Partial<ScoreOptions>
): Promise<{ text: string; done: number; most: number; error?: unknown }> {
  const { state, matcher } = fakeMatcher()
  let text = ''
  const run = scoreLines({
    matcher,
    lines: lines(1_000),
    skip: 0,
    write: async (more) => {
      text += more
    },
    ...options
  })
  const [result] = await Promise.allSettled([run])
  return {
    text,
    most: state.most,
    done: result.status === 'fulfilled' ? result.value : NaN,
    error: result.status === 'rejected' ? result.reason : undefined
  }
}

const ids = (text: string): number[] =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as { id: number }).id)

describe('scoreLines', () => {
  it('writes one line for each line, in order, holding a bounded number of them', async () => {
    const { text, done, most } = await score({ lines: lines(5_000) })
    expect(ids(text)).toEqual(Array.from({ length: 5_000 }, (_, i) => i))
    expect(done).toBe(5_000)
    expect(most).toBeLessThanOrEqual(4 * 128)
    expect(JSON.parse(text.split('\n')[7]!)).toEqual({
      id: 7,
      task: 'A-ss',
      label: 1,
      score: 0.07,
      tokenCount: 7,
      truncated: false
    })
  })

  it('leaves out the lines that were done before, unread', async () => {
    const { text } = await score({ skip: 900, lines: lines(1_000, (i) => (i < 900 ? 'not JSON' : undefined)) })
    expect(ids(text)).toEqual(Array.from({ length: 100 }, (_, i) => 900 + i))
  })

  it('takes source and target, and a default task', async () => {
    const { text } = await score({ task: 'B-ll', lines: lines(1, () => '{"source":"甲","target":"乙"}') })
    expect(JSON.parse(text)).toMatchObject({ task: 'B-ll', tokenCount: 1 })
  })

  it.each([
    ['{"a":', 'it is not JSON'],
    ['[]', 'no JSON object'],
    ['', 'it is not JSON'],
    ['{"a":"x","b":5,"task":"A-ss"}', '"b" is missing or no string'],
    ['{"a":"x","b":"y"}', '"task" is missing']
  ])('stops at the line %j with its number, after the lines before it are written', async (bad, message) => {
    const { text, error } = await score({ lines: lines(1_000, (i) => (i === 500 ? bad : undefined)) })
    expect(error).toBeInstanceOf(MatcherError)
    expect(error).toMatchObject({
      code: 'data-invalid',
      message: expect.stringMatching(new RegExp(`^line 501: .*${message}`))
    })
    expect(ids(text)).toHaveLength(500)
  })

  it('stops at a signal with whole chunks written', async () => {
    const controller = new AbortController()
    const { text, done } = await score({
      lines: lines(100_000),
      signal: controller.signal,
      onProgress: (n) => {
        if (n >= 384) controller.abort()
      }
    })
    expect(ids(text)).toHaveLength(done)
    expect(done % 128).toBe(0)
    expect(done).toBeLessThan(2_000)
  })
})

describe('openScoreFile', () => {
  const folder = mkdtempSync(join(tmpdir(), 'score-'))

  it('goes on after the last whole line', async () => {
    const path = join(folder, 'out.jsonl')
    const first = await openScoreFile(path, true)
    await first.write('{"id":0}\n{"id":1}\n')
    await first.close()
    appendFileSync(path, '{"id":2,"sco')
    const second = await openScoreFile(path, true)
    expect(second.done).toBe(2)
    await second.write('{"id":2}\n')
    await second.close()
    expect(readFileSync(path, 'utf8')).toBe('{"id":0}\n{"id":1}\n{"id":2}\n')
  })

  it('does not write over a file, and names the path where it cannot write', async () => {
    const path = join(folder, 'there.jsonl')
    writeFileSync(path, 'mine')
    await expect(openScoreFile(path, false)).rejects.toMatchObject({ code: 'output-exists' })
    await expect(openScoreFile(join(folder, 'none', 'x'), false)).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringContaining('ENOENT')
    })
    if (!existsSync('/dev/full')) return
    const full = await openScoreFile('/dev/full', true)
    await expect(full.write('x')).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringContaining('disk is full')
    })
  })
})
