import swagger from '@fastify/swagger'
import { MatcherError, type Matcher, type Pair, type RunOptions } from '@sohu-match/sdk-node'
import { Registry } from 'prom-client'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { ReloadOutcome } from '../processes/calls'
import type { Answer, TaskTexts } from '../score/judge'
import { guardAccess, type AccessOptions } from './access'
import { logAccess, requestId, type AccessEntry } from './access-log'
import { EMBED_ROUTES } from './embed-routes'
import { answerTo, answerUnreadable, refusal } from './errors'
import { publicInfo } from './info'
import { readUtf8Json } from './json-body'
import { createMetrics, type Metrics } from './metrics'
import { ROUTES, type RouteContext } from './routes'
import { addReload } from './reload'
import { boundTraffic, type TrafficLimits } from './traffic'
import { addInferenceProtocol } from './v2/routes'

export interface ServeLimits extends TrafficLimits {
  /** Maximum pairs per request. */
  readonly maxPairs: number
  /** Milliseconds from a request's arrival to its response; then 503. */
  readonly deadlineMs: number
}

export interface AppOptions extends ServeLimits, AccessOptions {
  readonly matcher: Pick<Matcher<string>, 'matchMany' | 'classify' | 'embed' | 'info' | 'health'>
  readonly version: string
  readonly defaultTask?: string | undefined
  /** Counters of the server. Default: new ones. */
  readonly metrics?: Metrics
  /** The page of /metrics. Default: `metrics` alone. */
  readonly metricsPage?: () => Promise<string>
  /** Whether to end each connection with its next response. */
  readonly isDraining?: () => boolean
  /** Restarts the server's processes on the current model folder. */
  readonly reload?: () => Promise<ReloadOutcome>
  /** Called with failures of the server itself. */
  readonly onError?: ((error: unknown) => void) | undefined
  /** Called with each answered request. */
  readonly onAccess?: ((entry: AccessEntry) => void) | undefined
}

/** Milliseconds that an idle connection stays open. */
const KEEP_ALIVE_MS = 5_000

/** Seconds after which a rejected client may try again. */
const RETRY_AFTER = '1'

/** `info.modelHash` of responses with vectors: those of different models must not be compared. */
const MODEL_HASH_HEADER = 'x-model-hash'

/** Characters of an unknown address in the response. */
const SHOWN_URL = 100

/** Creates the HTTP application, which does not listen yet. */
export async function createApp(options: AppOptions): Promise<FastifyInstance> {
  const { matcher, version, bodyLimit, requestTimeoutMs } = options
  const app = fastify({
    bodyLimit,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    return503OnClosing: false, // replaced by `refuseAtEnd` with our own message
    genReqId: requestId,
    clientErrorHandler: answerUnreadable,
    frameworkErrors: (error, request, reply) => void sendError(error, request, reply),
    // Node swaps the two timeouts if that of the headers is longer, and checks only every half minute by default.
    http: { headersTimeout: requestTimeoutMs, connectionsCheckingInterval: Math.min(5_000, requestTimeoutMs) },
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } }
  })
  const metrics = options.metrics ?? createMetrics()
  logAccess(app, options.onAccess)
  observe(app, metrics)
  answerErrors(app, options.onError)
  refuseAtEnd(app, options.isDraining)
  guardAccess(app, options)
  boundTraffic(app, options)
  const parse = readUtf8Json(app)
  await app.register(swagger, {
    openapi: { openapi: '3.1.0', info: { title: 'sohu-match', version, description: `Model ${matcher.info.model}.` } }
  })
  addStatusRoutes(app, matcher, options.metricsPage ?? (() => metrics.registry.metrics()))
  addReload(app, options)
  for (const { path, schema, answer } of [...ROUTES, ...EMBED_ROUTES])
    app.post(path, { schema }, async (request, reply) =>
      answer(request.body as never, routeContext(request, reply, options, metrics))
    )
  await app.register(addInferenceProtocol, {
    info: matcher.info,
    version,
    parse,
    requireReady: () => requireReady(matcher),
    context: (request: FastifyRequest, reply: FastifyReply) => routeContext(request, reply, options, metrics)
  })
  return app
}

/** Throws a refusal (503) while no worker can judge pairs. */
function requireReady(matcher: Pick<AppOptions['matcher'], 'health'>): void {
  if (matcher.health().workers === 0) throw refusal(503, 'not-ready', 'No worker is ready; one is being started.')
}

function addStatusRoutes(app: FastifyInstance, matcher: AppOptions['matcher'], page: () => Promise<string>): void {
  app.get('/health', { schema: { summary: '200 while the process answers: liveness.' } }, async () => ({
    status: 'ok'
  }))
  app.get('/ready', { schema: { summary: '200 while a worker can judge pairs, else 503: readiness.' } }, async () => {
    requireReady(matcher)
    return { status: 'ok' }
  })
  app.get('/info', { schema: { summary: 'The model and what it runs on.' } }, async () => publicInfo(matcher.info))
  app.get('/metrics', { schema: { summary: 'For Prometheus.' } }, async (_request, reply) =>
    reply.type(Registry.PROMETHEUS_CONTENT_TYPE).send(await page())
  )
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
}

/** The matcher under the server's limits, for one request. */
function routeContext(
  request: FastifyRequest,
  reply: FastifyReply,
  { matcher, maxPairs, deadlineMs, defaultTask }: AppOptions,
  metrics: Metrics
): RouteContext {
  const run: RunOptions = { signal: untilClientLeaves(reply), deadlineMs }
  const counted = async <R>(count: number, what: string, work: () => Promise<R>): Promise<R> => {
    if (count > maxPairs)
      throw new MatcherError(
        'input-invalid',
        `The request has ${count} ${what}; at most ${maxPairs} are taken at once.`
      )
    request.pairs += count
    metrics.waiting.inc(count)
    try {
      return await work()
    } finally {
      metrics.waiting.dec(count)
    }
  }
  const measured = <R extends Pick<Answer, 'task' | 'tokenCount' | 'truncated'>>(results: R[]): R[] => {
    for (const { task, tokenCount, truncated } of results) {
      metrics.pairs.inc({ task })
      metrics.tokens.inc(tokenCount)
      if (truncated) metrics.truncated.inc()
    }
    return results
  }
  const judge = (pairs: readonly Pair<string>[]) =>
    counted(pairs.length, 'pairs', async () => measured(await matcher.matchMany(pairs, run)))
  const classify = (texts: readonly TaskTexts[]) =>
    counted(texts.length, 'pairs', async () =>
      measured(await Promise.all(texts.map(({ a, b, task }) => matcher.classify(a, b, task, run))))
    )
  const isMatch = (task: string): boolean => !matcher.info.tasks.find(({ name }) => name === task)?.kind
  const embed = (texts: readonly string[], task: string, modelHash: string | undefined) =>
    counted(texts.length, 'texts', async () => {
      requireModel(matcher.info, modelHash)
      void reply.header(MODEL_HASH_HEADER, matcher.info.modelHash)
      const rows = await matcher.embed(texts, task, run)
      const width = rows.length / texts.length
      return texts.map((_, i) => rows.subarray(i * width, (i + 1) * width))
    })
  const { model, modelHash } = matcher.info
  return { judge, classify, isMatch, embed, model, modelHash, defaultTask }
}

/** Throws `vectors-mismatch` if a client has stored vectors of another model. */
function requireModel({ model, modelHash }: AppOptions['matcher']['info'], wanted = modelHash): void {
  if (wanted !== modelHash)
    throw new MatcherError(
      'vectors-mismatch',
      `The request asks for vectors of the model ${wanted.slice(0, 12)}, but ${model} (${modelHash.slice(0, 12)}) is served; embed the ` +
        'stored texts again.'
    )
}

/** Aborted when the client disconnects: its pairs are given up. */
function untilClientLeaves(reply: FastifyReply): AbortSignal {
  const controller = new AbortController()
  const onClose = (): void => {
    if (!reply.raw.writableEnded) controller.abort(new MatcherError('input-invalid', 'The client went away.'))
  }
  if (reply.raw.destroyed) onClose()
  else reply.raw.once('close', onClose)
  return controller.signal
}

/** Converts errors to one form of body, and reports those of the server itself. */
function answerErrors(app: FastifyInstance, onError: AppOptions['onError']): void {
  app.setErrorHandler((error, request, reply) => {
    if (sendError(error, request, reply) >= 500) onError?.(error)
  })
  app.setNotFoundHandler(async ({ method, url }) => {
    throw refusal(404, 'route-unknown', `There is no ${method} ${url.slice(0, SHOWN_URL)}; see /openapi.json.`)
  })
  app.server.on('checkExpectation', (_request, response) => {
    const { body } = answerTo(refusal(417, 'request-invalid', 'The header "Expect" may only be "100-continue".'))
    const text = JSON.stringify(body)
    response.writeHead(417, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(text),
      connection: 'close'
    })
    response.end(text)
  })
}

/** Returns the status. */
function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): number {
  const { status, body, retry } = answerTo(error)
  request.errorCode = body.code
  if (retry) void reply.header('retry-after', RETRY_AFTER)
  void reply.status(status).send(body)
  return status
}

/** Counts and times every response by route; the client receives the time too. */
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

/** Ends keep-alive connections with their next response while the server drains or closes; when it closes, also rejects new requests. */
function refuseAtEnd(app: FastifyInstance, isDraining = () => false): void {
  let closing = false
  app.addHook('preClose', async () => {
    closing = true
  })
  app.addHook('onRequest', async () => {
    if (closing) throw refusal(503, 'disposed', 'The server is shutting down; try again.')
  })
  app.addHook('onSend', async (_request, reply) => {
    if (closing || isDraining()) void reply.header('connection', 'close')
  })
}
