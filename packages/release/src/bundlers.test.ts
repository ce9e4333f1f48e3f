import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { startSite, type Site } from '../../../e2e/support/server'
import { logged, openChromium, type Chromium } from './browser'
import { APPS, buildApp, LINES } from './bundlers'
import { consumersFolder } from './consumers-folder'
import { execute } from './execute'

const MODEL = join(inject('project'), 'node_modules/@sohu-match/model-zh/model')

/** Largest difference of a score between wasm and Node, which sum floats in another order: see e2e/tests/model-zh.spec.ts. */
const TOLERANCE = 5e-3

let folder: string
let chromium: Chromium
let expected: { score: number; label: number }

beforeAll(async () => {
  folder = await consumersFolder()
  chromium = await openChromium()
  const lines = LINES.replace('sdk-web', 'sdk-node').replace("'/model/'", JSON.stringify(MODEL))
  const { stdout } = await execute(process.execPath, ['--input-type=module', '-e', `${lines}await matcher.dispose()`], {
    cwd: folder
  })
  expected = parse(stdout)
})

afterAll(() => chromium?.close())

/** A score and a label, as the README's last line logs them. */
function parse(line: string): typeof expected {
  expect(line).toMatch(/^0\.\d+ [01]\s*$/)
  const [score, label] = line.split(' ').map(Number)
  return { score: score!, label: label! }
}

function expectScore(line: string): void {
  const { score, label } = parse(line)
  expect(label).toBe(expected.label)
  expect(Math.abs(score - expected.score)).toBeLessThan(TOLERANCE)
}

/** Builds an app; returns its folder and the seconds that the build took. */
async function built(name: string): Promise<{ dist: string; seconds: number }> {
  const started = performance.now()
  const dist = await buildApp(join(folder, name.replaceAll(/\W+/g, '-')), APPS[name]!)
  return { dist, seconds: (performance.now() - started) / 1000 }
}

const serve = (dist: string): Promise<Site> => startSite({ '/': dist, '/model/': MODEL })

const BUILT = ['webpack', 'Rollup', 'esbuild', 'Parcel', "Angular's application builder"]

it.concurrent.each([...BUILT, 'a plain script, without a bundler'])('matches in Chromium: %s', async (name) => {
  const { dist, seconds } = await built(name)
  const site = await serve(dist)
  const page = await chromium.context.newPage()
  const started = performance.now()
  expectScore(await logged(page, () => page.goto(`${site.origin}/index.html`)))
  console.log(
    `${name}: built in ${seconds.toFixed(1)} s, ran in ${((performance.now() - started) / 1000).toFixed(1)} s`
  )
  await page.close()
  await site.close()
})

it.concurrent('matches in Chromium: Vite, with the web component; and after a reload without the server', async () => {
  const { dist } = await built('Vite, with the web component')
  const site = await serve(dist)
  const page = await chromium.context.newPage()
  expectScore(await logged(page, () => page.goto(`${site.origin}/index.html`)))
  await page.evaluate(`keepForOffline({ model: '/model/' })`)
  await site.close()
  expectScore(await logged(page, () => page.reload()))
  await page.close()
})

it('matches in a page of a browser extension', async () => {
  const { dist } = await built('a page of an extension')
  const browser = await openChromium(`--disable-extensions-except=${dist}`, `--load-extension=${dist}`)
  const { context } = browser
  try {
    const background = context.serviceWorkers()[0] ?? (await context.waitForEvent('serviceworker'))
    const page = await context.newPage()
    expectScore(await logged(page, () => page.goto(new URL('/index.html', background.url()).href)))
  } finally {
    await browser.close()
  }
})
