import type { FastifyInstance } from 'fastify'
import { refusal } from './errors'

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Fastify's parser of JSON, which refuses `__proto__` and its like. */
export type JsonParser = ReturnType<FastifyInstance['getDefaultJsonParser']>

/** The text of a JSON body. Throws a refusal (400) where it is not UTF-8: Node would judge a text with U+FFFD that nobody sent. */
export function decodeUtf8(body: Buffer): string {
  try {
    return utf8.decode(body)
  } catch {
    throw refusal(400, 'request-invalid', 'The body is not UTF-8, which JSON must be.')
  }
}

/**
 * Makes the application read JSON bodies as UTF-8 or not at all. A property that is null is the same as one that is left out, at the top and in
 * the items of `pairs`. Returns the parser.
 */
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
