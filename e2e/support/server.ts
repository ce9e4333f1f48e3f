import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createReadStream, readFileSync, statSync } from 'node:fs'
import { extname, join, normalize } from 'node:path'
import type { AddressInfo } from 'node:net'

/** A request, noted when it arrives. */
export interface Hit {
  readonly path: string
  readonly range: string | undefined
}

/** Answers a request instead of the file server. */
export type Handler = (request: IncomingMessage, response: ServerResponse, file: string) => void

/** A static server on a free port of localhost whose responses a test can change. */
export interface Site {
  readonly origin: string
  /** Every request so far, oldest first. */
  readonly hits: Hit[]
  /** Headers of every response. */
  headers: Record<string, string>
  /** Handles requests whose path ends with `ending`, until `mend`. */
  bend(ending: string, handler: Handler): void
  mend(): void
  close(): Promise<void>
}

/** Headers that make a page cross-origin isolated. */
export const ISOLATION = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' }

/** A content security policy under which the package must work. */
export const STRICT_CSP =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'"

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm'
}

/** Serves folders by path prefix; the longest matching prefix wins. */
export async function startSite(
  folders: Readonly<Record<string, string>>,
  headers: Record<string, string> = {}
): Promise<Site> {
  const bends = new Map<string, Handler>()
  const hits: Hit[] = []
  const prefixes = Object.keys(folders).sort((a, b) => b.length - a.length)
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url!, 'http://localhost').pathname)
    const prefix = prefixes.find((candidate) => path.startsWith(candidate))!
    const file = join(folders[prefix]!, normalize('/' + path.slice(prefix.length)))
    hits.push({ path, range: request.headers.range })
    for (const [name, value] of Object.entries(site.headers)) response.setHeader(name, value)
    const bend = [...bends].find(([ending]) => path.endsWith(ending))
    if (bend) bend[1](request, response, file)
    else sendFile(request, response, file)
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  const site: Site = {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    hits,
    headers,
    bend: (ending, handler) => void bends.set(ending, handler),
    mend: () => bends.clear(),
    close: () => closeServer(server)
  }
  return site
}

/** Sends a file, whole or from the start of a `Range: bytes=N-`. */
export const sendFile: Handler = (request, response, file) => {
  let size: number
  try {
    const path = statSync(file).isDirectory() ? join(file, 'index.html') : file
    size = statSync(path).size
    file = path
  } catch {
    response.writeHead(404).end()
    return
  }
  response.setHeader('content-type', TYPES[extname(file)] ?? 'application/octet-stream')
  response.setHeader('accept-ranges', 'bytes')
  if (request.url!.includes('/assets/')) response.setHeader('cache-control', 'public, max-age=31536000, immutable') // names carry a hash
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
  if (start >= size && start > 0) {
    response.writeHead(416, { 'content-range': `bytes */${size}` }).end()
    return
  }
  if (request.headers.range)
    response.writeHead(206, { 'content-range': `bytes ${start}-${size - 1}/${size}`, 'content-length': size - start })
  else response.writeHead(200, { 'content-length': size })
  createReadStream(file, { start }).pipe(response)
}

/** Sends the first `bytes` of the requested range and then cuts the connection; a range that is no longer is sent in full. */
export function cutAfter(bytes: number): Handler {
  return (request, response, file) => {
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
    const whole = readFileSync(file)
    if (request.headers.range)
      response.writeHead(206, {
        'content-range': `bytes ${start}-${whole.length - 1}/${whole.length}`,
        'content-length': whole.length - start
      })
    else response.writeHead(200, { 'content-length': whole.length })
    if (start + bytes >= whole.length) {
      response.end(whole.subarray(start))
      return
    }
    // when a connection ends, a browser may drop what its page has not read yet, so the page gets time to read
    response.write(whole.subarray(start, start + bytes), () => setTimeout(() => response.destroy(), 500))
  }
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}
