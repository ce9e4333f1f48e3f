import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'

const running = new Set<ChildProcess>()
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')))

/** A program that runs alongside the tests and is killed when they end. */
export interface Program {
  /** The match of `ready` in the program's output. */
  readonly ready: RegExpExecArray | undefined
  stop(): Promise<void>
}

/** Starts a program and waits until its output matches `ready`. If it exits before, throws with its output. */
export async function startProgram(
  file: string,
  args: readonly string[],
  { ready, env }: { readonly ready?: RegExp; readonly env?: Readonly<Record<string, string>> } = {}
): Promise<Program> {
  const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  const exited = once(child, 'close').finally(() => running.delete(child))
  let output = ''
  const matched = new Promise<RegExpExecArray | undefined>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      if (output.length > 100_000) return
      output += String(chunk)
      const match = ready?.exec(output)
      if (match) resolve(match)
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    if (!ready) child.on('spawn', () => resolve(undefined))
    exited.then(() => reject(new Error(`${file} exited with ${child.exitCode}:\n${output.slice(-2000)}`)), reject)
  })
  const stop = async () => {
    child.kill('SIGKILL')
    await exited
  }
  return { ready: await matched, stop }
}

/** A free port. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
