import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { cliOf, MODEL } from './paths'
import { said, start, type Running } from './process'

/** Request timeout in milliseconds for checks with slow clients. */
export const REQUEST_TIMEOUT = 1_500

/** `sohu-match serve` with the demo model on a free port and with small limits. */
export interface ServerProcess extends AsyncDisposable {
  readonly port: number
  readonly running: Running
}

/** Starts the server with a queue of 32 pairs and waits until it listens. */
export async function startServer(
  requestTimeout = REQUEST_TIMEOUT,
  more: readonly string[] = [],
  nodeFlags: readonly string[] = []
): Promise<ServerProcess> {
  const flags = [
    '--port',
    '0',
    '--device',
    'cpu',
    '--task',
    'B-ss',
    '--max-queue',
    '32',
    '--deadline',
    '60000',
    '--request-timeout',
    String(requestTimeout),
    '--body-limit',
    '100000',
    ...more
  ]
  const running = start(process.execPath, [...nodeFlags, cliOf('cli'), 'serve', '--model', MODEL, ...flags])
  await said(running, /at http:\S+:\d+/)
  const port = Number(/at http:\S+:(\d+)/.exec(running.output())?.[1])
  if (!port) throw new Error(`serve did not start: ${running.output()}`)
  return {
    port,
    running,
    async [Symbol.asyncDispose]() {
      running.child.kill('SIGTERM')
      await running.ended
    }
  }
}

/** Milliseconds from the first bytes of a response to its end. */
const REST_MS = 500

/**
 * Sends raw bytes and collects the response until the connection closes; throws if there is no response and it stays open. It does not close
 * its own side first: Node's server would take that for a client that is gone.
 */
export async function exchange(port: number, write: (socket: Socket) => void, patience = 60_000): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  let answer = ''
  socket.on('data', (data) => {
    answer += data.toString('latin1')
  })
  socket.once('data', () => setTimeout(() => socket.end(), REST_MS)) // a server that keeps the connection for more requests
  socket.on('error', () => undefined) // a reset is a closed connection; 'close' follows
  socket.on('end', () => socket.end())
  const closed = new Promise<boolean>((resolve) => socket.once('close', () => resolve(true)))
  socket.once('connect', () => write(socket))
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, patience, false)
  })
  const done = await Promise.race([closed, late])
  clearTimeout(timer)
  socket.destroy()
  if (!done)
    throw new Error(
      `the connection is still open after ${patience} ms; so far: ${JSON.stringify(answer.slice(0, 200))}`
    )
  return answer
}

/** The statuses in a connection's responses, in order. */
export function statuses(answer: string): number[] {
  return [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((found) => Number(found[1]))
}

/** Asserts that a valid request is still answered. */
export async function requireAlive({ port, running }: ServerProcess): Promise<void> {
  if (running.child.exitCode !== null || running.child.signalCode !== null)
    throw new Error(`the server has ended: ${running.output()}`)
  const answer = await fetch(`http://127.0.0.1:${port}/match`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"a":"国足获胜","b":"国足赢球"}'
  })
  const { score } = (await answer.json()) as { score: number }
  if (!(answer.status === 200 && score >= 0 && score <= 1)) throw new Error(`a good request got ${answer.status}`)
}

/** Resident memory of a server's process in bytes (Linux). */
export function memoryOf({ running }: ServerProcess): number {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${running.child.pid}/status`, 'utf8'))?.[1]
  return Number(kilobytes) * 2 ** 10
}

/** Number of connections that a server still has with local clients at these ports, by the system's table (Linux). */
export async function openConnections({ port }: ServerProcess, clients: readonly number[]): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 200))
  const address = (number: number): string => `0100007F:${number.toString(16).toUpperCase().padStart(4, '0')}`
  const wanted = new Set(clients.map(address))
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, remote, state]) => local === address(port) && wanted.has(remote ?? '') && state === '01').length
}
