import type { FastifyInstance } from 'fastify'

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Makes the application read JSON bodies as UTF-8 or not at all (400). Node would put U+FFFD in place of bytes that are no UTF-8, and a text
 * that nobody sent would be judged.
 */
export function readUtf8Json(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    let text: string
    try {
      text = utf8.decode(body as Buffer)
    } catch (cause) {
      return done(
        Object.assign(new Error('The body is not UTF-8, which JSON must be.', { cause }), { statusCode: 400 })
      )
    }
    void parse(request, text, done)
  })
}
