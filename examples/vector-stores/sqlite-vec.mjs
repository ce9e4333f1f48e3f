// Indexes news in an SQLite file with sqlite-vec and finds the items nearest to a query: node sqlite-vec.mjs MODEL TASK NEWS.jsonl FILE QUERY
import { readFileSync } from 'node:fs'
import { checkStoredVectors, createMatcher } from '@sohu-match/sdk-node'
import Database from 'libsql'
import { getLoadablePath } from 'sqlite-vec'

const [model, task, news, file, query] = process.argv.slice(2)
const matcher = await createMatcher({ model, tasks: [task] })
const { info } = matcher
const { hidden } = info.vectors
const db = new Database(file)
db.loadExtension(getLoadablePath())
const blobOf = (row) => Buffer.from(row.buffer, row.byteOffset, row.byteLength)

db.exec(`create table if not exists news (
  rowid integer primary key, id text unique not null, text text not null,
  task text not null, model text not null, model_hash text not null);
  create virtual table if not exists vectors using vec0(vector float[${hidden}] distance_metric=cosine)`)
const stored = db.prepare('select distinct task, model, model_hash as modelHash from news').all()
for (const labels of stored) checkStoredVectors(labels, matcher, task) // before anything is added or compared

const addText = db.prepare('insert into news (id, text, task, model, model_hash) values (?, ?, ?, ?, ?)')
const addVector = db.prepare('insert into vectors (rowid, vector) values (?, ?)')
const ids = new Set(
  db
    .prepare('select id from news')
    .all()
    .map(({ id }) => id)
)
const lines = readFileSync(news, 'utf8').trim().split('\n').map(JSON.parse)
const added = lines.filter(({ id }) => !ids.has(id))
const vectors = await matcher.embed(
  added.map(({ text }) => text),
  task
)
db.transaction(() => {
  for (const [i, { id, text }] of added.entries()) {
    const { lastInsertRowid } = addText.run(id, text, task, info.model, info.modelHash)
    addVector.run(BigInt(lastInsertRowid), blobOf(vectors.subarray(i * hidden, (i + 1) * hidden)))
  }
})()

const [scale, offset] = [info.tasks[0].scale, info.tasks[0].offset]
const nearest = db.prepare(
  'select id, text, distance from vectors join news using (rowid) where vector match ? and k = 5 order by distance'
)
for (const { id, text, distance } of nearest.all([blobOf(await matcher.embed([query], task))]))
  console.log(JSON.stringify({ id, score: 1 / (1 + Math.exp(-(scale * (1 - distance) + offset))), text }))
db.close()
await matcher.dispose()
