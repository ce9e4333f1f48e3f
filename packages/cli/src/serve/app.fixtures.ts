import { MatcherError, type Matcher, type MatcherErrorCode, type MatcherInfo } from '@sohu-match/sdk-node'
import type { FastifyInstance } from 'fastify'
import { createApp, type AppOptions } from './app'

export const info: MatcherInfo = {
  model: 'fake',
  modelHash: '0123456789abcdef',
  architecture: 'bi-encoder',
  vectors: { hidden: 2, cacheSize: 5, cached: 0 },
  device: 'cpu',
  dtype: 'fp32',
  reasons: [{ device: 'cuda', taken: false, reason: 'there is no /usr/lib/libcuda.so' }],
  workers: 1,
  threads: 1,
  versions: {},
  tasks: [{ name: 'A-ss', id: 0, group: 'A', threshold: 0.5 }],
  limits: { maxLength: 64, maxTextLength: 100, maxQueue: 10, batchTokens: 64 }
}

/** Scores by the length of the second text; a text that names an error code throws it. */
const matchMany: Matcher<string>['matchMany'] = async (pairs, run) =>
  pairs.map(({ a, b, task }) => {
    if (a.startsWith('throw ')) throw new MatcherError(a.slice(6) as MatcherErrorCode, `as asked: ${a}`)
    if (a === 'crash') throw new TypeError('secret detail')
    if (!info.tasks.some(({ name }) => name === task))
      throw new MatcherError('task-unknown', `There is no task "${task}".`)
    run?.signal?.throwIfAborted()
    const score = b.length / 100
    return {
      task,
      label: score > 0.5 ? 1 : 0,
      score,
      threshold: 0.5,
      logits: [0, b.length],
      tokenCount: 9,
      truncated: b.length > 50
    }
  })

/** Answers by the length of the text. */
const classify: Matcher<string>['classify'] = async (a, b, task) => {
  const facts = { task, logits: [0, 1], tokenCount: 5, truncated: false }
  if (task === 'grade') return { ...facts, kind: 'score', value: a.length } as never
  const probabilities = { long: a.length / 100, short: 1 - a.length / 100, pair: b === undefined ? 0 : 0.5 }
  return {
    ...facts,
    kind: 'any-of',
    labels: ['short'],
    probabilities,
    thresholds: { long: 0.5, short: 0.5, pair: 0.6 }
  } as never
}

/** Vectors (length of the text, 1); a text that names an error code throws it. */
const embed: Matcher<string>['embed'] = async (texts) => {
  const bad = texts.find((text) => text.startsWith('throw '))
  if (bad !== undefined) throw new MatcherError(bad.slice(6) as MatcherErrorCode, `as asked: ${bad}`)
  return Float32Array.from(texts.flatMap((text) => [text.length, 1]))
}

/** Health of the simulated matcher; a test may change it. */
export const health = { workers: 1, crashes: 0 }

let app: FastifyInstance | undefined
/** Errors that the server has reported in this test. */
export const errors: unknown[] = []

export const matcher = { matchMany, classify, embed, info, health: () => health }

/** A server with the simulated matcher. */
export async function create(options: Partial<AppOptions> = {}): Promise<FastifyInstance> {
  app = await createApp({
    matcher,
    version: '0.0.0',
    host: '127.0.0.1',
    bodyLimit: 10_000,
    maxConnections: 100,
    maxPairs: 5,
    deadlineMs: 1_000,
    requestTimeoutMs: 60_000,
    defaultTask: 'A-ss',
    onError: (error) => errors.push(error),
    ...options
  })
  return app
}

/** Posts to a new server. */
export async function post(url: string, payload: unknown, options?: Partial<AppOptions>) {
  const answer = await (await create(options)).inject({ method: 'POST', url, payload: payload as object })
  return { status: answer.statusCode, body: answer.json() as unknown, headers: answer.headers }
}

/** To be called after each test. */
export async function close(): Promise<void> {
  health.workers = 1
  await app?.close()
  errors.length = 0
}
