import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { build, createServer, type ViteDevServer } from 'vite'
import { makeProject, pack, shortModelPackage } from '../../packages/release/src/fresh-project'
import { expect, test } from '../support/fixtures'
import { ROOT } from '../support/paths'
import { startSite } from '../support/server'

let app: string

/** A new Vite app outside the workspace with both packages installed from their tarballs and the README's lines as its script. */
test.beforeAll(() => {
  app = mkdtempSync(join(tmpdir(), 'sohu-match-app-'))
  const zh = shortModelPackage(join(app, '..', `${app.split('/').at(-1)!}-zh`))
  const tarballs = [join(ROOT, 'packages/sdk-web'), zh].map((folder) => pack(folder, app))
  rmSync(zh, { recursive: true })
  makeProject(app, tarballs, '--offline')
  const readme = readFileSync(join(ROOT, 'packages/sdk-web/README.md'), 'utf8')
  const lines = /```js\n(import [\s\S]*?)```/.exec(readme)![1]!
  expect(lines.trim().split('\n').filter(Boolean)).toHaveLength(4)
  writeFileSync(join(app, 'main.js'), lines)
  writeFileSync(
    join(app, 'index.html'),
    '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/main.js"></script>'
  )
  mkdirSync(join(app, 'public'))
  cpSync(join(app, 'node_modules/@sohu-match/model-zh/model'), join(app, 'public/model'), { recursive: true })
})

test.afterAll(() => rmSync(app, { recursive: true, force: true }))

/** What the README's last line prints: a score and a label. */
async function printed(page: Page, address: string): Promise<string> {
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(String(error)))
  const message = page.waitForEvent('console', { predicate: (message) => message.type() === 'log' })
  await page.goto(address)
  return (await message).text()
}

test("the README's lines run in a fresh Vite app, built", async ({ page }) => {
  await build({ root: app, logLevel: 'error' })
  const site = await startSite({ '/': join(app, 'dist') })
  expect(await printed(page, site.origin)).toMatch(/^0\.\d+ [01]$/)
  await site.close()
})

test("the README's lines run in a fresh Vite app, on its development server", async ({ page }) => {
  const server: ViteDevServer = await createServer({ root: app, logLevel: 'error', server: { port: 0 } })
  await server.listen()
  expect(await printed(page, server.resolvedUrls!.local[0]!)).toMatch(/^0\.\d+ [01]$/)
  await server.close()
})

test('the packed worker makes webpack and Vite leave the import of onnxruntime-web alone', () => {
  // without the comments webpack makes a module of nothing out of it, and the runtime does not load
  const worker = readFileSync(join(app, 'node_modules/@sohu-match/sdk-web/dist/worker.js'), 'utf8')
  expect(worker).toMatch(/import\(\s*\/\* webpackIgnore: true \*\/\s*\/\* @vite-ignore \*\/\s*\w+\)/)
})

test('the packed entry imports in Node and changes nothing there', () => {
  const script =
    "const before = Object.keys(globalThis).join(); const sdk = await import('@sohu-match/sdk-web');" +
    " if (Object.keys(globalThis).join() !== before) throw new Error('globals changed');" +
    " await sdk.createMatcher({ model: '/model/' }).catch((error) => console.log(error.code + ' ' + sdk.TASKS.length))"
  expect(
    execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: app, encoding: 'utf8' }).trim()
  ).toBe('device-unavailable 6')
})
