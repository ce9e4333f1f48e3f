import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createMatcher } from '@sohu-match/sdk-node'

const TEXTS = 200
const TASK = 'A-ss'
const folder = mkdtempSync(path.join(tmpdir(), 'vector-stores-'))
const news = path.join(folder, 'news.jsonl')
const exporter = fileURLToPath(new URL('../../packages/export/dist/', import.meta.url))
const run = promisify(execFile)
const node = (...args) => run(process.execPath, args, { encoding: 'utf8' })
let lines

before(async () => {
  const file = createRequire(import.meta.url).resolve('@sohu-match/corpus/news/health-schools.jsonl')
  const texts = readFileSync(file, 'utf8').trim().split('\n').map(JSON.parse)
  lines = texts.slice(0, TEXTS).map(({ event, kind, text }) => ({ id: `${event} ${kind}`, text }))
  writeFileSync(news, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  for (const seed of ['1', '2']) await makeModel(seed)
})
after(() => rmSync(folder, { recursive: true }))

/** A bi-encoder with random weights: the test compares the store with `rank` of the same model. */
async function makeModel(seed) {
  const checkpoint = path.join(folder, `checkpoint-${seed}`)
  const sizes = ['--layers', '1', '--hidden', '64', '--heads', '4', '--intermediate', '64', '--max-length', '64']
  await node(path.join(exporter, 'random-checkpoint.js'), '--out', checkpoint, '--bi-encoder', '--seed', seed, ...sizes)
  const flags = ['--dtype', 'fp32', '--no-gate', '--no-latency', '--name', `random ${seed}`]
  await node(path.join(exporter, 'cli.js'), 'sohu', '--checkpoint', checkpoint, '--out', modelOf(seed), ...flags)
}

const modelOf = (seed) => path.join(folder, `model-${seed}`)

/** Indexes and queries twice, adds nothing the second time, and refuses another model. */
async function checkStore(script, place) {
  const file = fileURLToPath(new URL(script, import.meta.url))
  const query = lines[7].text
  const ask = async (seed) => {
    const { stdout } = await node(file, modelOf(seed), TASK, news, place, query)
    return stdout.trim().split('\n').map(JSON.parse)
  }
  const matcher = await createMatcher({ model: modelOf('1') })
  const ranked = await matcher.rank(
    query,
    lines.map(({ text }) => text),
    TASK,
    { topK: 5 }
  )
  await matcher.dispose()
  for (let time = 0; time < 2; time++) {
    const found = await ask('1')
    assert.deepEqual(
      found.map(({ id }) => id),
      ranked.map(({ index }) => lines[index].id)
    )
    found.forEach(({ score }, i) => assert.ok(Math.abs(score - ranked[i].score) < 1e-4))
  }
  await assert.rejects(
    ask('2'),
    (error) => /vectors-mismatch/.test(error.stderr) && /random 1 .*random 2/.test(error.stderr)
  )
}

test('SQLite with sqlite-vec finds what rank finds', { timeout: 300_000 }, () =>
  checkStore('sqlite-vec.mjs', path.join(folder, 'news.db'))
)

test(
  `PostgreSQL with pgvector finds what rank finds (${process.env.POSTGRES_URL ?? 'PGlite'})`,
  { timeout: 300_000 },
  async () => {
    if (process.env.POSTGRES_URL) return checkStore('pgvector.mjs', process.env.POSTGRES_URL)
    const { PGlite } = await import('@electric-sql/pglite')
    const { vector } = await import('@electric-sql/pglite-pgvector')
    const { PGLiteSocketServer } = await import('@electric-sql/pglite-socket')
    const db = await PGlite.create({ extensions: { vector } })
    const server = new PGLiteSocketServer({ db, port: 0, host: '127.0.0.1' })
    await server.start()
    try {
      await checkStore('pgvector.mjs', `postgresql://postgres@${server.getServerConn()}/postgres`)
    } finally {
      await server.stop()
      await db.close()
    }
  }
)
