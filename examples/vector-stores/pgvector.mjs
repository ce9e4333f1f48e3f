// Indexes news in PostgreSQL with pgvector and finds the items nearest to a query: node pgvector.mjs MODEL TASK NEWS.jsonl URL QUERY
import { readFileSync } from 'node:fs'
import { checkStoredVectors, createMatcher } from '@sohu-match/sdk-node'
import pg from 'pg'

const [model, task, news, url, query] = process.argv.slice(2)
const matcher = await createMatcher({ model, tasks: [task] })
const { info } = matcher
const client = new pg.Client(url)
await client.connect()
const vectorOf = (row) => `[${row.join(',')}]` // as pgvector reads it

await client.query('create extension if not exists vector')
await client.query(`create table if not exists news (
  id text primary key, text text not null, vector vector(${info.vectors.hidden}) not null,
  task text not null, model text not null, model_hash text not null)`)
const { rows: stored } = await client.query('select distinct task, model, model_hash as "modelHash" from news')
for (const labels of stored) checkStoredVectors(labels, matcher, task) // before anything is added or compared

const { rows: known } = await client.query('select id from news')
const ids = new Set(known.map(({ id }) => id))
const lines = readFileSync(news, 'utf8').trim().split('\n').map(JSON.parse)
const added = lines.filter(({ id }) => !ids.has(id))
for (let i = 0; i < added.length; i += 500) {
  const part = added.slice(i, i + 500)
  const vectors = await matcher.embed(
    part.map(({ text }) => text),
    task
  )
  const row = (k) => vectorOf(vectors.subarray(k * info.vectors.hidden, (k + 1) * info.vectors.hidden))
  await client.query(
    'insert into news select *, $4, $5, $6 from unnest($1::text[], $2::text[], $3::vector[]) on conflict do nothing',
    [
      part.map(({ id }) => id),
      part.map(({ text }) => text),
      part.map((_, k) => row(k)),
      task,
      info.model,
      info.modelHash
    ]
  )
}
await client.query('create index if not exists news_vector on news using hnsw (vector vector_ip_ops)')

const [scale, offset] = [info.tasks[0].scale, info.tasks[0].offset]
const { rows } = await client.query(
  'select id, text, -(vector <#> $1) as cosine from news order by vector <#> $1 limit 5', // <#> is minus the inner product
  [vectorOf(await matcher.embed([query], task))]
)
for (const { id, text, cosine } of rows)
  console.log(JSON.stringify({ id, score: 1 / (1 + Math.exp(-(scale * cosine + offset))), text }))
await client.end()
await matcher.dispose()
