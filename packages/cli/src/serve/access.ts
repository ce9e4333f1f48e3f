import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { refusal } from './errors'

export interface AccessOptions {
  /** Address to listen on. On a loopback address, requests must name this machine in their Host header. */
  readonly host: string
  /** Additional names for the Host header. */
  readonly allowedHosts?: readonly string[] | undefined
  /** Origins whose pages may read responses; `*` for all. */
  readonly corsOrigins?: readonly string[] | undefined
  /** Required as `Authorization: Bearer KEY`. */
  readonly apiKey?: string | undefined
}

/** Routes without authorization, for probes of orchestrators. */
const WITHOUT_KEY: readonly string[] = ['/health', '/ready', '/v2/health/live', '/v2/health/ready']

/** Seconds for which browsers may cache the response to a preflight request. */
const PREFLIGHT_SECONDS = '600'

/** Checks the Host header, the key, and the origin of each request before its body is read. */
export function guardAccess(app: FastifyInstance, options: AccessOptions): void {
  const { corsOrigins = [], apiKey } = options
  const isAllowedHost = hostCheck(options)
  const isKey = apiKey === undefined ? undefined : keyCheck(apiKey)
  app.addHook('onRequest', async (request, reply) => {
    if (!isAllowedHost(request.headers.host))
      throw refusal(403, 'host-unknown', 'The Host header names another machine; see --allowed-host.')
    if (allowOrigin(request, reply, corsOrigins) && isPreflight(request)) return answerPreflight(reply)
    if (!isKey || WITHOUT_KEY.includes(request.routeOptions.url ?? '')) return
    if (isKey(/^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1])) return
    void reply.header('www-authenticate', 'Bearer')
    throw refusal(401, 'unauthorized', 'This server asks for a key; send it as "Authorization: Bearer KEY".')
  })
}

/**
 * A server on a loopback address is meant for this machine alone, but a page of any site can point its own name to
 * 127.0.0.1 (DNS rebinding): the Host header is then that name.
 */
function hostCheck({ host, allowedHosts = [] }: AccessOptions): (header: string | undefined) => boolean {
  if (!isLoopback(host)) return () => true
  const allowed = new Set(allowedHosts.map((name) => name.toLowerCase()))
  return (header = '') => {
    const name = header.replace(/:\d+$/, '').toLowerCase()
    return isLoopback(name) || allowed.has(name)
  }
}

function isLoopback(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1')
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'))
}

/** Compares digests in constant time. */
function keyCheck(key: string): (given: string | undefined) => boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  const wanted = digest(key)
  return (given = '') => timingSafeEqual(digest(given), wanted)
}

/** Lets pages of an allowed origin read the response; returns whether this is one. */
function allowOrigin({ headers }: FastifyRequest, reply: FastifyReply, origins: readonly string[]): boolean {
  const { origin } = headers
  if (origins.length === 0) return false
  const any = origins.includes('*')
  if (!any) void reply.header('vary', 'Origin')
  if (origin === undefined || !(any || origins.includes(origin))) return false
  void reply.header('access-control-allow-origin', any ? '*' : origin)
  void reply.header('access-control-expose-headers', 'x-request-id, server-timing, retry-after')
  return true
}

function isPreflight({ method, headers }: FastifyRequest): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined
}

function answerPreflight(reply: FastifyReply): FastifyReply {
  return reply
    .header('access-control-allow-methods', 'GET, POST')
    .header('access-control-allow-headers', 'authorization, content-type, x-request-id')
    .header('access-control-max-age', PREFLIGHT_SECONDS)
    .status(204)
    .send()
}
