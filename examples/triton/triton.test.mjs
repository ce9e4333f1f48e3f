// A folder of `export --layout triton` in a real Triton Inference Server: it loads, and the SDK in front of it returns the same scores as locally.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createMatcher } from '../../packages/sdk-node/dist/index.js'
import { startTriton } from './server.mjs'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const work = mkdtempSync(path.join(os.tmpdir(), 'triton-'))
const repository = path.join(work, 'repository')
const model = path.join(repository, 'zh')
const node = (...args) => execFileSync(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] })

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

const texts = ['央行下调存款准备金率，市场反应平稳。', '国足在主场二比一战胜对手。', '电影上映三天，票房突破十亿元！']
const tasks = ['A-ss', 'B-ss', 'A-sl', 'B-sl', 'A-ll', 'B-ll']
const pairs = Array.from({ length: 60 }, (_, i) => ({
  a: texts[i % 3].repeat(1 + (i % 4)),
  b: texts[(i + 1) % 3].repeat(1 + (i % 7)),
  task: tasks[i % 6]
}))

describe('Triton', () => {
  let triton
  let endpoint
  before(async () => {
    const checkpoint = path.join(work, 'checkpoint')
    node('packages/export/dist/random-checkpoint.js', '--out', checkpoint, '--layers', '2', '--hidden', '64')
    const flags = ['--layout', 'triton', '--dtype', 'fp32', '--no-gate', '--no-latency']
    node('packages/export/dist/cli.js', 'sohu', '--checkpoint', checkpoint, '--out', model, ...flags)
    triton = await startTriton(repository, await freePort())
    endpoint = `${triton.origin}/v2/models/zh`
  })
  after(async () => {
    await triton?.stop()
    rmSync(work, { recursive: true, force: true })
  })

  it('reads the configuration as intended', async () => {
    const config = await (await fetch(`${endpoint}/config`)).json()
    assert.equal(config.platform, 'onnxruntime_onnx')
    assert.equal(config.max_batch_size, 8)
    assert.equal(config.dynamic_batching.max_queue_delay_microseconds, 1000)
    assert.deepEqual(config.input.find(({ name }) => name === 'task_ids').reshape, { shape: [] })
    const { files } = JSON.parse(readFileSync(path.join(model, 'manifest.json'), 'utf8'))
    assert.equal(config.parameters.sohu_match_sha256.string_value, files['1/model.onnx'].sha256)
  })

  it('returns the scores of the SDK alone, which tokenizes in front of it', async (test) => {
    const local = await open(test, { model, device: 'cpu', workers: 1 })
    const remote = await open(test, { model, endpoint })
    assert.equal(remote.info.device, 'remote')
    const [expected, actual] = await Promise.all([local.matchMany(pairs), remote.matchMany(pairs)])
    const largest = Math.max(...expected.map(({ score }, i) => Math.abs(score - actual[i].score)))
    assert.ok(largest < 1e-6, `largest difference ${largest}`) // the same kernels of another version of ONNX Runtime
    assert.ok(new Set(expected.map(({ score }) => score.toFixed(4))).size > 10)
    assert.deepEqual(
      actual.map(({ tokenCount, label }) => [tokenCount, label]),
      expected.map(({ tokenCount, label }) => [tokenCount, label])
    )
  })

  it('joins the requests of several front ends', async (test) => {
    const fronts = await Promise.all(Array.from({ length: 4 }, () => open(test, { model, endpoint, workers: 2 })))
    const before = await statistics(endpoint)
    const same = Array.from({ length: 40 }, (_, i) => ({ ...pairs[0], task: tasks[i % 6] }))
    await Promise.all(fronts.flatMap((front) => same.map(({ a, b, task }) => front.match(a, b, task))))
    const { rows, runs } = await statistics(endpoint)
    assert.equal(rows - before.rows, 160)
    assert.ok(runs - before.runs < rows - before.rows, `${rows - before.rows} pairs in ${runs - before.runs} runs`)
  })

  it('is refused if its graph is not that of the folder', async () => {
    const other = path.join(work, 'other')
    cpSync(model, other, { recursive: true })
    const manifest = JSON.parse(readFileSync(path.join(other, 'manifest.json'), 'utf8'))
    manifest.files['1/model.onnx'].sha256 = 'ab'.repeat(32)
    writeFileSync(path.join(other, 'manifest.json'), JSON.stringify(manifest))
    await assert.rejects(createMatcher({ model: other, endpoint }), {
      code: 'device-unavailable',
      message: /another graph/
    })
  })
})

/** A matcher that is disposed of at the end of the test. */
async function open(test, options) {
  const matcher = await createMatcher(options)
  test.after(() => matcher.dispose())
  return matcher
}

/** Rows that the model has scored, and in how many runs. */
async function statistics(endpoint) {
  const [{ inference_count: rows, execution_count: runs }] = (await (await fetch(`${endpoint}/stats`)).json())
    .model_stats
  return { rows, runs }
}
