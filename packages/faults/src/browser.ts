import { existsSync, readFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { chromium, type Page } from '@playwright/test'
import { chromePath } from '../../../e2e/support/paths'
import type { Special } from './damage/model-files'
import { ROOT } from './paths'

declare global {
  /** The public API of sdk-web, for code in the page. */
  var sdk: typeof import('@sohu-match/sdk-web')
}

/** Handles requests under /model/, as set by the last call of `serve`. */
export type Answers = (path: string) => Buffer | Special | undefined

/** A page of a real browser with sdk-web, served by this process. */
export interface BrowserPage extends AsyncDisposable {
  readonly page: Page
  serve(answers: Answers): void
}

const PACKAGE = join(ROOT, 'packages/sdk-web/dist')
const PAGE =
  '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script type="module">globalThis.sdk = await import("/pkg/index.js")</script>'
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.html': 'text/html'
}

/** Starts Chromium (as `npm run setup -- --browser` found it) and opens the page. */
export async function openBrowser(): Promise<BrowserPage> {
  let answers: Answers = () => undefined
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url!, 'http://localhost').pathname)
    if (path === '/') send(response, Buffer.from(PAGE), '.html')
    else if (path.startsWith('/pkg/')) {
      const file = join(PACKAGE, path.slice(5))
      send(response, existsSync(file) ? readFileSync(file) : undefined, extname(path))
    } else send(response, answers(path.replace(/^\/model\//, '')), extname(path), request.url)
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  const browser = await chromium.launch({
    executablePath: chromePath(),
    args: ['--no-sandbox', '--disable-background-networking']
  })
  const page = await browser.newPage()
  await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`)
  await page.waitForFunction(() => 'sdk' in globalThis)
  return {
    page,
    serve: (next) => {
      answers = next
    },
    async [Symbol.asyncDispose]() {
      await browser.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}

/** Sends bytes, or a server's response for something that is not a file. */
function send(response: ServerResponse, content: Buffer | Special | undefined, extension: string, url = '/'): void {
  if (content === undefined || content === 'folder') response.writeHead(404).end()
  else if (content === 'pipe') response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>')
  else if (content === 'loop') response.writeHead(302, { location: url }).end()
  else if (content === 'zeros') endless(response)
  else
    response
      .writeHead(200, {
        'content-type': TYPES[extension] ?? 'application/octet-stream',
        'content-length': content.length
      })
      .end(content)
}

function endless(response: ServerResponse): void {
  const zeros = Buffer.alloc(1 << 16)
  const more = (): void => {
    while (!response.closed && response.write(zeros));
  }
  response.writeHead(200).on('drain', more)
  more()
}
