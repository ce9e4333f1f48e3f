import { MatcherError, type AnyClassification, type MatchResult, type Pair } from '@sohu-match/sdk-node'
import type { FastifySchema } from 'fastify'
import type { TaskTexts } from '../score/judge'
import { classifySchema, matchSchema, predictSchema, rerankSchema } from './schemas'

/** Bodies of the routes, checked by Fastify against their schemas. */
export interface MatchBody {
  readonly a?: string
  readonly b?: string
  readonly task?: string
  readonly pairs?: readonly { a: string; b: string; task?: string }[]
}
export interface ClassifyBody {
  readonly a?: string
  readonly b?: string
  readonly task?: string
  readonly pairs?: readonly { a: string; b?: string; task?: string }[]
}
export interface RerankBody {
  readonly query: string
  readonly texts: readonly string[]
  readonly task?: string
  readonly raw_scores?: boolean
  readonly return_text?: boolean
  readonly truncate?: boolean
  readonly top_n?: number
}
export interface PredictBody {
  readonly inputs: string | readonly (string | readonly string[])[]
  readonly task?: string
  readonly raw_scores?: boolean
  readonly truncate?: boolean
}

export interface RouteContext {
  /** Judges pairs under the server's limits. Throws as `matchMany`. */
  readonly judge: (pairs: readonly Pair<string>[]) => Promise<MatchResult<string>[]>
  /** Answers tasks with labels or a score under the server's limits. Throws what `classify` throws. */
  readonly classify: (texts: readonly TaskTexts[]) => Promise<AnyClassification[]>
  /** Whether a task is a match task; one that the model does not know counts as one, and is refused as such. */
  readonly isMatch: (task: string) => boolean
  /** Throws as `embed`, and `vectors-mismatch` if the request names another model. */
  readonly embed: (texts: readonly string[], task: string, modelHash: string | undefined) => Promise<Float32Array[]>
  /** The model's name, and the SHA-256 of its graph. */
  readonly model: string
  readonly modelHash: string
  readonly defaultTask: string | undefined
}

/** A route with a JSON body; `answer` receives it checked against the schema. */
export interface Route {
  readonly path: string
  readonly schema: FastifySchema
  readonly answer: (body: never, context: RouteContext) => Promise<unknown>
}

/** POST /match. */
async function match(
  { a, b, task, pairs }: MatchBody,
  context: RouteContext
): Promise<MatchResult<string> | { results: MatchResult<string>[] }> {
  if (pairs) {
    if (a !== undefined || b !== undefined) throw invalid('The body has both a pair and "pairs"; send one of them.')
    return {
      results: await context.judge(
        pairs.map((pair) => ({ a: pair.a, b: pair.b, task: taskOf(pair.task ?? task, context) }))
      )
    }
  }
  if (a === undefined || b === undefined) throw invalid('The body must have "a" and "b", or "pairs".')
  return (await context.judge([{ a, b, task: taskOf(task, context) }]))[0]!
}

/** POST /classify: one text or pair, or several under `pairs`. */
async function classify(
  { a, b, task, pairs }: ClassifyBody,
  context: RouteContext
): Promise<AnyClassification | { results: AnyClassification[] }> {
  if (pairs) {
    if (a !== undefined || b !== undefined) throw invalid('The body has both a text and "pairs"; send one of them.')
    return {
      results: await context.classify(
        pairs.map((pair) => ({ a: pair.a, b: pair.b, task: taskOf(pair.task ?? task, context) }))
      )
    }
  }
  if (a === undefined) throw invalid('The body must have "a", or "pairs".')
  return (await context.classify([{ a, b, task: taskOf(task, context) }]))[0]!
}

/** POST /rerank: best first, ties in input order. */
async function rerank(
  body: RerankBody,
  context: RouteContext
): Promise<{ index: number; score: number; text?: string }[]> {
  const task = taskOf(body.task, context)
  const results = await context.judge(body.texts.map((b) => ({ a: body.query, b, task })))
  refuseCut(results, body.truncate)
  return results
    .map((result, index) => ({
      index,
      score: scoreOf(result, body.raw_scores),
      ...(body.return_text && { text: body.texts[index]! })
    }))
    .sort((one, other) => other.score - one.score || one.index - other.index)
    .slice(0, body.top_n)
}

/** POST /predict: for each pair both labels, the more likely first; a single pair returns a single list. Of a task with labels, all of them. */
async function predict(
  { inputs, task, raw_scores, truncate }: PredictBody,
  context: RouteContext
): Promise<Prediction[] | Prediction[][]> {
  const isPair = Array.isArray(inputs) && inputs.every((input) => typeof input === 'string')
  const pairs = typeof inputs === 'string' ? [[inputs]] : isPair ? [inputs as string[]] : inputs
  const name = taskOf(task, context)
  if (!context.isMatch(name)) {
    if (raw_scores)
      throw invalid('The task has labels of its own, whose scores are probabilities; leave out "raw_scores".')
    const answers = await context.classify(pairs.map((input) => toTexts(input, name)))
    refuseCut(answers, truncate)
    const predictions = answers.map(labelPredictions)
    return isPair || typeof inputs === 'string' ? predictions[0]! : predictions
  }
  const results = await context.judge(pairs.map((input) => toPair(input, name)))
  refuseCut(results, truncate)
  const predictions = results.map((result) => labels(result, raw_scores))
  return isPair ? predictions[0]! : predictions
}

/** One label of a pair. */
export interface Prediction {
  readonly score: number
  /** `match` or `no-match`, or a label of the task. */
  readonly label: string
}

function labels({ score, logits }: MatchResult<string>, raw = false): Prediction[] {
  const both: Prediction[] = [
    { label: 'match', score: raw ? logits[1] : score },
    { label: 'no-match', score: raw ? logits[0] : 1 - score }
  ]
  return both.sort((one, other) => other.score - one.score)
}

function labelPredictions(answer: AnyClassification): Prediction[] {
  if (answer.kind === 'score') throw invalid('The task gives a number; ask for it with /classify.')
  const labels = Object.entries(answer.probabilities).map(([label, score]) => ({ label, score }))
  return labels.sort((one, other) => other.score - one.score)
}

function toPair(input: string | readonly string[], task: string): Pair<string> {
  if (typeof input === 'string' || input.length !== 2)
    throw invalid('Each input must be a pair of texts: this model compares two, and one was sent.')
  return { a: input[0]!, b: input[1]!, task }
}

function toTexts(input: string | readonly string[], task: string): TaskTexts {
  const [a, b, ...more] = typeof input === 'string' ? [input] : input
  if (a === undefined || more.length > 0) throw invalid('Each input must be a text or a pair of texts.')
  return { a, b, task }
}

/** Throws `input-invalid` if neither the request nor the server names a task. */
export function taskOf(task: string | undefined, { defaultTask }: Pick<RouteContext, 'defaultTask'>): string {
  const name = task ?? defaultTask
  if (name === undefined)
    throw invalid('The request names no "task" (in /v2 a parameter), and the server has no --task as its default.')
  return name
}

function scoreOf({ score, logits }: MatchResult<string>, raw = false): number {
  return raw ? logits[1] - logits[0] : score
}

function refuseCut(results: readonly { readonly truncated: boolean }[], truncate = true): void {
  const cut = results.findIndex((result) => result.truncated)
  if (!truncate && cut !== -1)
    throw invalid(`Pair ${cut} is longer than the model's maximum length; shorten it, or leave out "truncate": false.`)
}

function invalid(message: string): MatcherError {
  return new MatcherError('input-invalid', message)
}

/** A new route needs a line here, and its schema. */
export const ROUTES: readonly Route[] = [
  { path: '/match', schema: matchSchema, answer: match },
  { path: '/classify', schema: classifySchema, answer: classify },
  { path: '/rerank', schema: rerankSchema, answer: rerank },
  { path: '/predict', schema: predictSchema, answer: predict }
]
