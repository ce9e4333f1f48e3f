// A matcher inside an Express server: node express.mjs [PORT] [MODEL_FOLDER]
import { model } from '@sohu-match/model-zh'
import { createMatcher, MatcherError } from '@sohu-match/sdk-node'
import express from 'express'

const [port = '3000', folder = model] = process.argv.slice(2)
const matcher = await createMatcher({ model: folder })
const STATUS = { 'input-invalid': 422, 'task-unknown': 422, 'queue-full': 429, 'deadline-exceeded': 503 }

const app = express()
app.use(express.json({ limit: '200kb' }))
app.post('/similar', async ({ body }, response) => {
  const { query, texts } = body ?? {}
  const ranked = await matcher.rank(query, texts, 'B-ss', { topK: 3, deadlineMs: 5_000 }) // checks its arguments itself
  response.json(ranked.map(({ text, score, label }) => ({ text, score, same: label === 1 })))
})
app.get('/ready', (_request, response) => response.status(matcher.health().workers > 0 ? 200 : 503).json({}))
app.use((error, _request, response, _next) => {
  const status = error instanceof MatcherError ? STATUS[error.code] : error.status
  if (status === undefined || status >= 500) console.error(error)
  if (status === 429 || status === 503) response.set('retry-after', '1')
  response.status(status ?? 500).json({ error: status === undefined ? 'The server failed.' : error.message })
})

const server = app.listen(Number(port), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))
process.once('SIGTERM', () => server.close(() => matcher.dispose())) // after the last answer
