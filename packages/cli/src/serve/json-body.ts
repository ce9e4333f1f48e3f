import type { FastifyInstance } from 'fastify'
import { refusal } from './errors'

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Makes the application read JSON bodies as UTF-8 or not at all (400): Node would put U+FFFD in place of bytes that are not UTF-8, and a text
 * that nobody sent would be judged. A property that is null is the same as one that is left out, at the top and in the items of `pairs`.
 */
export function readUtf8Json(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    let text: string
    try {
      text = utf8.decode(body as Buffer)
    } catch {
      return done(refusal(400, 'request-invalid', 'The body is not UTF-8, which JSON must be.'))
    }
    void parse(request, text, done)
  })
  app.addHook('preValidation', async (request) => {
    dropNulls(request.body)
    const { pairs } = (request.body ?? {}) as { pairs?: unknown }
    if (Array.isArray(pairs)) pairs.forEach(dropNulls)
  })
}

function dropNulls(value: unknown): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return
  for (const [key, property] of Object.entries(value)) if (property === null) Reflect.deleteProperty(value, key)
}
