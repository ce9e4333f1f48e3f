import swagger from '@fastify/swagger'
import { MatcherError, type Matcher, type Pair, type RunOptions } from '@sohu-match/sdk-node'
import fastify, { type FastifyInstance, type FastifyReply, type FastifySchema } from 'fastify'
import { answerTo } from './errors'
import { readUtf8Json } from './json-body'
import { createMetrics, type Metrics } from './metrics'
import { match, predict, rerank, type MatchBody, type PredictBody, type RerankBody, type RouteContext } from './routes'
import { matchSchema, predictSchema, rerankSchema } from './schemas'

/** Limits of a server. */
export interface ServeLimits {
  /** Bytes of a body. */
  readonly bodyLimit: number
  /** Pairs in one request. */
  readonly maxPairs: number
  /** Milliseconds from a request's arrival to its answer; then 503. */
  readonly deadlineMs: number
  /** Milliseconds in which a client must have sent its request; then 408. */
  readonly requestTimeoutMs: number
}

/** What a server works with. */
export interface AppOptions extends ServeLimits {
  readonly matcher: Pick<Matcher<string>, 'matchMany' | 'info'>
  readonly version: string
  readonly defaultTask?: string | undefined
  /** Is told of failures that are the server's own. */
  readonly onError?: ((error: unknown) => void) | undefined
}

/** Milliseconds that an idle connection stays open. */
const KEEP_ALIVE_MS = 5_000

/** Seconds after which a refused client may try again. */
const RETRY_AFTER = '1'

/** The HTTP application over a matcher: /match, /rerank, /predict, /health, /info, /metrics, /openapi.json. It does not listen yet. */
export async function createApp(options: AppOptions): Promise<FastifyInstance> {
  const { matcher, version, bodyLimit, requestTimeoutMs, onError } = options
  const app = fastify({
    bodyLimit,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    // Node swaps the two timeouts if that of the headers is the longer one, and looks only every half minute by default.
    http: { headersTimeout: requestTimeoutMs, connectionsCheckingInterval: Math.min(5_000, requestTimeoutMs) },
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } }
  })
  closeConnectionsAtEnd(app)
  readUtf8Json(app)
  const metrics = createMetrics()
  await app.register(swagger, {
    openapi: { openapi: '3.1.0', info: { title: 'sohu-match', version, description: `Model ${matcher.info.model}.` } }
  })
  observe(app, metrics)

  app.setErrorHandler((error, _request, reply) => {
    const { status, body, retry } = answerTo(error)
    if (status >= 500) onError?.(error)
    if (retry) void reply.header('retry-after', RETRY_AFTER)
    return reply.status(status).send(body)
  })
  app.setNotFoundHandler((request, reply) =>
    reply
      .status(404)
      .send({
        error: `There is no ${request.method} ${request.url}; see /openapi.json.`,
        error_type: 'Validation',
        code: 'route-unknown'
      })
  )

  const context: RouteContext = { judge: judgeWith(options, metrics), defaultTask: options.defaultTask }
  const post = <B>(
    path: string,
    schema: FastifySchema,
    answer: (body: B, context: RouteContext, run: RunOptions) => Promise<unknown>
  ): void => {
    app.post(path, { schema }, async (request, reply) => answer(request.body as B, context, runOptions(reply, options)))
  }
  app.get('/health', { schema: { summary: '200 while the server takes requests.' } }, async () => ({ status: 'ok' }))
  app.get('/info', { schema: { summary: 'The model and what it runs on.' } }, async () => matcher.info)
  app.get('/metrics', { schema: { summary: 'For Prometheus.' } }, async (_request, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics())
  )
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  post<MatchBody>('/match', matchSchema, match)
  post<RerankBody>('/rerank', rerankSchema, rerank)
  post<PredictBody>('/predict', predictSchema, predict)
  return app
}

/** Judges the pairs of a request under the server's limits, and counts them. */
function judgeWith({ matcher, maxPairs }: AppOptions, metrics: Metrics): RouteContext['judge'] {
  return async (pairs: readonly Pair<string>[], run) => {
    if (pairs.length > maxPairs)
      throw new MatcherError(
        'input-invalid',
        `The request has ${pairs.length} pairs; at most ${maxPairs} are taken at once.`
      )
    metrics.waiting.inc(pairs.length)
    try {
      const results = await matcher.matchMany(pairs, run)
      for (const { task, tokenCount, truncated } of results) {
        metrics.pairs.inc({ task })
        metrics.tokens.inc(tokenCount)
        if (truncated) metrics.truncated.inc()
      }
      return results
    } finally {
      metrics.waiting.dec(pairs.length)
    }
  }
}

/** Counts every answer and times it, by route; the client is told the time, too. */
function observe(app: FastifyInstance, metrics: Metrics): void {
  app.addHook('onSend', async (_request, reply) => {
    void reply.header('server-timing', `total;dur=${reply.elapsedTime.toFixed(1)}`)
  })
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown'
    metrics.requests.inc({ route, status: String(reply.statusCode) })
    metrics.seconds.observe({ route }, reply.elapsedTime / 1000)
  })
}

/** Ends each connection with the answer under way once the server closes: a kept-alive one would hold it open. */
function closeConnectionsAtEnd(app: FastifyInstance): void {
  let closing = false
  app.addHook('preClose', async () => {
    closing = true
  })
  app.addHook('onSend', async (_request, reply) => {
    if (closing) void reply.header('connection', 'close')
  })
}

/** Gives up the pairs of a client that has gone, and of a request whose time is up. */
function runOptions(reply: FastifyReply, { deadlineMs }: ServeLimits): RunOptions {
  const controller = new AbortController()
  const onClose = (): void => {
    if (!reply.raw.writableEnded) controller.abort(new MatcherError('input-invalid', 'The client went away.'))
  }
  if (reply.raw.destroyed) onClose()
  else reply.raw.once('close', onClose)
  return { signal: controller.signal, deadlineMs }
}
