// Overload test of `sohu-match serve`, outside the default run: npm run soak -w packages/cli -- MODEL_FOLDER [SECONDS]
// 64 clients send four times what the server can do. Each request must be answered: 200, or 429 or 503 with Retry-After.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const CLIENTS = 64
const OVERLOAD = 4
const DEADLINE_MS = 2_000
const [model, seconds = '60'] = process.argv.slice(2)
if (!model) throw new Error('Name a model folder: npm run soak -w packages/cli -- MODEL_FOLDER [SECONDS]')

const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url))
const server = spawn(process.execPath, [
  cli,
  'serve',
  '--model',
  model,
  '--port',
  '0',
  '--max-queue',
  '48',
  '--deadline',
  String(DEADLINE_MS)
])
const address = await new Promise((resolve, reject) => {
  server.stderr.on('data', (text) => {
    const found = /at (http:\S+)/.exec(String(text))
    if (found) resolve(found[1])
  })
  server.once('exit', (code) => reject(new Error(`serve ended with ${code}`)))
})

const headers = { 'content-type': 'application/json' }
const sentence = '多地气温创下入冬以来新低，各部门启动应急预案保障供暖和出行。'
let sent = 0
/** One request; `ms` is the server's own time for it, since this process is as short of CPU as the server. */
async function request() {
  const n = sent++
  const body = JSON.stringify({ a: `${n}${sentence.slice(0, 8 + (n % 20))}`, b: sentence, task: 'A-ss' })
  const answer = await fetch(`${address}/match`, { method: 'POST', headers, body })
  await answer.arrayBuffer()
  return {
    status: answer.status,
    retry: answer.headers.has('retry-after'),
    ms: Number(/dur=([\d.]+)/.exec(answer.headers.get('server-timing'))?.[1])
  }
}

async function residentMegabytes() {
  const text = await (await fetch(`${address}/metrics`)).text()
  return Number(/^process_resident_memory_bytes (\S+)/m.exec(text)[1]) / 1e6
}

/** Number of sequential requests, from a few clients at once, in some milliseconds. */
async function capacity(ms) {
  const end = performance.now() + ms
  let done = 0
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      while (performance.now() < end) {
        await request()
        done++
      }
    })
  )
  return (done * 1000) / ms
}

await capacity(2_000)
const rate = await capacity(5_000)
const before = await residentMegabytes()
const interval = (CLIENTS * 1000) / (OVERLOAD * rate)
const answers = []
const lost = []
let underWay = []
const end = performance.now() + Number(seconds) * 1000
await Promise.all(
  Array.from({ length: CLIENTS }, async (_, client) => {
    for (let next = performance.now() + (client * interval) / CLIENTS; next < end; next += interval) {
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - performance.now())))
      underWay.push(
        request().then(
          (answer) => answers.push(answer),
          (error) => lost.push(String(error.cause ?? error))
        )
      )
      if (underWay.length > 10_000) underWay = underWay.slice(-5_000)
    }
  })
)
await Promise.all(underWay)
const after = await residentMegabytes()

const accepted = answers
  .filter(({ status }) => status === 200)
  .map(({ ms }) => ms)
  .sort((one, other) => one - other)
const count = (status) => answers.filter((answer) => answer.status === status).length
const p99 = accepted[Math.floor(0.99 * accepted.length)]
console.log(`capacity ${rate.toFixed(0)} requests/s; sent ${answers.length + lost.length} in ${seconds} s`)
console.log(
  `200: ${accepted.length}   429: ${count(429)}   503: ${count(503)}   lost: ${lost.length}   p50 ${accepted[accepted.length >> 1]?.toFixed(0)} ms   p99 ${p99?.toFixed(0)} ms`
)
console.log(`resident memory ${before.toFixed(0)} -> ${after.toFixed(0)} MB`)

const problems = [
  lost.length > 0 && `${lost.length} requests were lost: ${lost[0]}`,
  answers.some(({ status }) => ![200, 429, 503].includes(status)) && 'there were answers of another status',
  answers.some(({ status, retry }) => status !== 200 && !retry) && 'a refusal had no Retry-After',
  !(p99 <= DEADLINE_MS) && `p99 of the accepted is ${p99} ms, more than the deadline of ${DEADLINE_MS} ms`,
  after > before * 1.2 + 20 && 'memory grew'
].filter(Boolean)
server.removeAllListeners('exit')
server.kill('SIGTERM')
await new Promise((resolve) => server.once('exit', resolve))
for (const problem of problems) console.error(`FAILED: ${problem}`)
process.exitCode = problems.length > 0 ? 1 : 0
