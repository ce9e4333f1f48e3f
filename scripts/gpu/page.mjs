// page.mjs MODEL DTYPE PAIRS CHROMIUM hardware|software: scores of the compared pairs by the browser SDK, as one JSON line.
import { createReadStream, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import path from 'node:path'
import { ROOT } from '../setup/root.mjs'
import { comparedPairs } from './pairs.mjs'

const [model, dtype, pairs, executablePath, adapter] = process.argv.slice(2)
const FOLDERS = { '/sdk/': path.join(ROOT, 'packages/sdk-web/dist'), '/model/': path.resolve(model) }
const TYPES = { '.js': 'text/javascript', '.json': 'application/json' }
const PAGE = `<!doctype html><meta charset="utf-8"><script type="module">
  globalThis.sdk = await import('/sdk/index.js')</script>`

const VULKAN = ['--enable-features=Vulkan', '--use-angle=vulkan', '--disable-vulkan-surface', '--ignore-gpu-blocklist']
const FLAGS = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  ...(adapter === 'software' ? ['--use-webgpu-adapter=swiftshader'] : VULKAN)
]

/** A server of the SDK, the model and one page on a free port of localhost. */
async function serve() {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost')
    const prefix = Object.keys(FOLDERS).find((candidate) => pathname.startsWith(candidate))
    if (!prefix) return void response.setHeader('content-type', 'text/html').end(PAGE)
    const file = path.join(FOLDERS[prefix], path.normalize(`/${pathname.slice(prefix.length)}`))
    const size = statSync(file, { throwIfNoEntry: false })?.size
    if (size === undefined) return void response.writeHead(404).end()
    response.writeHead(200, {
      'content-type': TYPES[path.extname(file)] ?? 'application/octet-stream',
      'content-length': size
    })
    createReadStream(file).pipe(response)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, origin: `http://localhost:${server.address().port}` }
}

/** Runs in the page: its adapter, then the scores or the SDK's error. */
async function inPage({ pairs, tasks, dtype }) {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' })
  if (!adapter) return {}
  const { vendor, architecture, description, isFallbackAdapter } = adapter.info
  const found = { adapter: { vendor, architecture, description, fallback: isFallbackAdapter ?? false } }
  try {
    const matcher = await globalThis.sdk.createMatcher({ model: '/model/', device: 'webgpu', dtype, tasks })
    return { ...found, scores: (await matcher.matchMany(pairs)).map(({ score }) => score) }
  } catch ({ code, message }) {
    return { ...found, error: { code, message } }
  }
}

async function run() {
  let chromium
  try {
    ;({ chromium } = createRequire(path.join(ROOT, 'e2e/package.json'))('@playwright/test'))
  } catch {
    return { missing: 'Playwright is not installed, which drives Chromium: run `npm run setup`' }
  }
  const tasks = JSON.parse(readFileSync(path.join(model, 'manifest.json'), 'utf8')).tasks.map(({ name }) => name)
  const { server, origin } = await serve()
  const browser = await chromium.launch({ executablePath, args: FLAGS })
  try {
    const page = await browser.newPage()
    await page.goto(origin)
    await page.waitForFunction(() => 'sdk' in globalThis)
    return {
      browser: browser.version(),
      ...(await page.evaluate(inPage, { pairs: comparedPairs(tasks, Number(pairs)), tasks, dtype }))
    }
  } finally {
    await browser.close()
    server.close()
  }
}

process.stdout.write(`${JSON.stringify(await run())}\n`)
