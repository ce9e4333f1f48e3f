// A matcher inside a Fastify server: node fastify.mjs [PORT] [MODEL_FOLDER]
import { model } from '@sohu-match/model-zh'
import { createMatcher, MatcherError } from '@sohu-match/sdk-node'
import fastify from 'fastify'

const [port = '3000', folder = model] = process.argv.slice(2)
const matcher = await createMatcher({ model: folder })
const STATUS = { 'input-invalid': 422, 'task-unknown': 422, 'queue-full': 429, 'deadline-exceeded': 503 }

const app = fastify()
app.addHook('onClose', () => matcher.dispose()) // after the last answer
app.setErrorHandler((error, _request, reply) => {
  const status = error instanceof MatcherError ? STATUS[error.code] : error.statusCode
  if (status === undefined || status >= 500) console.error(error)
  if (status === 429 || status === 503) reply.header('retry-after', '1')
  reply.status(status ?? 500).send({ error: status === undefined ? 'The server failed.' : error.message })
})

const texts = { type: 'array', items: { type: 'string' }, maxItems: 100 }
const body = { type: 'object', required: ['query', 'texts'], properties: { query: { type: 'string' }, texts } }
app.post('/similar', { schema: { body } }, async ({ body }) => {
  const ranked = await matcher.rank(body.query, body.texts, 'B-ss', { topK: 3, deadlineMs: 5_000 })
  return ranked.map(({ text, score, label }) => ({ text, score, same: label === 1 }))
})
app.get('/ready', (_request, reply) => reply.status(matcher.health().workers > 0 ? 200 : 503).send({}))

console.log(await app.listen({ port: Number(port) }))
process.once('SIGTERM', () => app.close())
