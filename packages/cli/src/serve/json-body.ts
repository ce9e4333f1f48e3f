import type { FastifyInstance } from 'fastify'
import { refusal } from './errors'

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Fastify's JSON parser, which rejects `__proto__` and similar keys. */
export type JsonParser = ReturnType<FastifyInstance['getDefaultJsonParser']>

/** Throws a refusal (400) for invalid UTF-8: Node would replace it by U+FFFD, which nobody sent. */
export function decodeUtf8(body: Buffer): string {
  try {
    return utf8.decode(body)
  } catch {
    throw refusal(400, 'request-invalid', 'The body is not UTF-8, which JSON must be.')
  }
}

/** Requires UTF-8; drops properties that are null, at the top and in the items of `pairs`. Returns the parser. */
export function readUtf8Json(app: FastifyInstance): JsonParser {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    let text: string
    try {
      text = decodeUtf8(body as Buffer)
    } catch (error) {
      return done(error as Error)
    }
    void parse(request, text, done)
  })
  app.addHook('preValidation', async (request) => {
    dropNulls(request.body)
    const { pairs } = (request.body ?? {}) as { pairs?: unknown }
    if (Array.isArray(pairs)) pairs.forEach(dropNulls)
  })
  return parse
}

function dropNulls(value: unknown): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return
  for (const [key, property] of Object.entries(value)) if (property === null) Reflect.deleteProperty(value, key)
}
