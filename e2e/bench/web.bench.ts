import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { brotliCompressSync } from 'node:zlib'
import { test, type Page } from '@playwright/test'
import { build } from 'vite'
import { PACKAGE, ROOT, WORK } from '../support/paths'
import { ISOLATION, startSite, type Handler, type Site } from '../support/server'

const FOLDER = join(WORK, 'bench')
const SENTENCE = '今天上午记者从会议上了解到，公司将在明年推出新的产品，并与多家企业展开合作，市场反应积极。'
const quantile = (values: readonly number[], q: number): number =>
  [...values].sort((one, other) => one - other)[Math.floor(q * (values.length - 1))]!
let site: Site

/** A model of `sohu-small`'s size with random weights (its file is a fifth smaller, as the vocabulary is small): with six tasks, and with one for the peer. */
test.beforeAll(async () => {
  mkdirSync(FOLDER, { recursive: true })
  const run = (script: string, ...flags: string[]) => {
    const { status } = spawnSync(process.execPath, [join(ROOT, 'packages/export/dist', script), ...flags], {
      cwd: ROOT,
      stdio: 'inherit'
    })
    if (status !== 0) throw new Error(`${script} ${flags.join(' ')} ended with ${status}.`)
  }
  const checkpoint = join(FOLDER, 'checkpoint')
  if (!existsSync(join(FOLDER, 'hf/task/onnx'))) {
    const size = '--layers 6 --hidden 384 --heads 6 --intermediate 1536 --max-length 512'.split(' ')
    run('random-checkpoint.js', '--out', checkpoint, ...size)
    const flags = ['--dtype', 'int8', '--no-gate', '--no-latency', '--force']
    run('cli.js', 'sohu', '--checkpoint', checkpoint, '--out', join(FOLDER, 'model'), ...flags)
    run('cli.js', 'sohu', '--checkpoint', checkpoint, '--out', join(FOLDER, 'hf/task'), '--task', 'A-ss', ...flags)
  }
  await build({
    root: join(import.meta.dirname, 'page'),
    logLevel: 'error',
    build: { outDir: join(FOLDER, 'site'), emptyOutDir: true }
  })
  const ort = dirname(
    createRequire(createRequire(import.meta.url).resolve('@huggingface/transformers')).resolve('onnxruntime-web/wasm')
  )
  site = await startSite(
    {
      '/': join(FOLDER, 'site'),
      '/model/': join(FOLDER, 'model'),
      '/hf/': join(FOLDER, 'hf'),
      '/ort/': ort,
      '/pkg/': PACKAGE
    },
    ISOLATION
  )
})

test.afterAll(() => site.close())

async function open(page: Page): Promise<void> {
  await page.goto(`${site.origin}/index.html`)
  await page.waitForFunction(() => 'bench' in globalThis)
}

test('single matches compared with the peer', async ({ page }) => {
  await open(page)
  console.log(
    `${cpus()[0]!.model.trim()}, ${cpus().length} processors; 6 layers x 384, int8, wasm; medians of alternating runs in one page`
  )
  for (const length of [24, 60, 120]) {
    const text = SENTENCE.repeat(9)
    const { tokens, threads, times } = await page.evaluate(
      ([a, b]) => bench.compare(a!, b!, 30),
      [text.slice(0, length), text.slice(3, 3 + length)]
    )
    const line = (name: string, q: number) => {
      const [match, peer] = [quantile(times.match, q), quantile(times.peer, q)]
      return `${name} ${match.toFixed(1)} ms, peer ${peer.toFixed(1)} ms, ratio ${(match / peer).toFixed(2)}`
    }
    console.log(`${tokens} tokens, ${threads} thread(s): ${line('p50', 0.5)}; ${line('p95', 0.95)}; reach 0.9`)
    const p50 = (name: keyof typeof times): number => quantile(times[name], 0.5)
    const messages = p50('message')
    const [tokenizing, network] = [p50('encode') - messages, p50('run') - messages]
    const rest = p50('match') - messages - tokenizing - network // waking the worker, queue, softmax
    const parts = Object.entries({ messages, tokenizing, network, rest })
    console.log(
      `  p50 of its parts: ${parts.map(([name, part]) => `${name} ${part.toFixed(2)} ms`).join(', ')}; ` +
        `the network alone is ${(network / p50('peer')).toFixed(2)} times the peer`
    )
  }
})

test('second load compared with the first, at 2.5 MB/s', async ({ page }) => {
  site.bend('.bin', slow(2.5e6))
  site.bend('.onnx', slow(2.5e6))
  const load = () =>
    page.evaluate(async () => {
      const start = performance.now()
      const matcher = await bench.sdk.createMatcher({ model: '/model/', device: 'wasm' })
      const { fetchedBytes } = matcher.info
      await matcher.dispose()
      return { milliseconds: performance.now() - start, fetchedBytes }
    })
  await open(page)
  const first = await load()
  await open(page)
  const second = await load()
  console.log(
    `load: first ${first.milliseconds.toFixed(0)} ms and ${first.fetchedBytes} bytes, second ${second.milliseconds.toFixed(0)} ms and ${second.fetchedBytes} bytes, ratio ${(second.milliseconds / first.milliseconds).toFixed(2)}; reach 0.3`
  )
})

test('workers on a page without cross-origin isolation, where wasm has one thread', async ({ page }) => {
  test.setTimeout(600_000)
  site.headers = {}
  await open(page)
  const rates = await page.evaluate(() => bench.rates([1, 2], 60, 3))
  site.headers = ISOLATION
  const medians = rates.map(({ workers, perSecond }) => ({ workers, rate: quantile(perSecond, 0.5) }))
  for (const { workers, rate } of medians)
    console.log(
      `${workers} worker(s): ${rate.toFixed(1)} pairs/s, ${(rate / medians[0]!.rate).toFixed(2)} times one worker; ${cpus().length} processors`
    )
})

test('bytes of the entry and the worker', () => {
  const sizes = ['index.js', 'worker.js'].map((file) => brotliCompressSync(readFileSync(join(PACKAGE, file))).length)
  const runtime = ['ort.wasm.bin', 'ort.webgpu.bin'].map(
    (file) => `${file} ${(statSync(join(PACKAGE, 'ort', file)).size / 1e6).toFixed(1)} MB`
  )
  console.log(
    `JavaScript: entry ${sizes[0]} + worker ${sizes[1]} = ${sizes[0]! + sizes[1]!} bytes compressed; reach 15,000 (runtime: ${runtime.join(', ')})`
  )
})

/** Sends a file at this rate. */
function slow(bytesPerSecond: number): Handler {
  return (_request, response, file) => {
    const bytes = readFileSync(file)
    const step = Math.ceil(bytesPerSecond / 20)
    let at = 0
    response.writeHead(200, { 'content-length': bytes.length })
    const timer = setInterval(() => {
      response.write(bytes.subarray(at, (at += step)))
      if (at >= bytes.length) {
        clearInterval(timer)
        response.end()
      }
    }, 50)
    response.on('close', () => clearInterval(timer))
  }
}
