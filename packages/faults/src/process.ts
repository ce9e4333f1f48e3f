import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'

/** A running program with its output so far. */
export interface Running {
  readonly child: ChildProcess
  readonly output: () => string
  /** Resolves with its exit code; null after a signal. */
  readonly ended: Promise<number | null>
}

/** Starts a program and collects its stdout and stderr. `input` is an open file for its stdin. */
export function start(
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
  input: 'ignore' | number = 'ignore'
): Running {
  const child = spawn(command, args, { ...options, stdio: [input, 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout!, child.stderr!])
    stream.on('data', (data) => {
      output += String(data)
    })
  return { child, output: () => output, ended: once(child, 'close').then(([code]) => code as number | null) }
}

/** Starts a script in Node. */
export function startNode(script: string, args: readonly string[], options?: SpawnOptions): Running {
  return start(process.execPath, [script, ...args], options)
}

/** Waits until a program has printed a match of the pattern, or has exited. */
export async function said(running: Running, wanted: RegExp): Promise<void> {
  while (!wanted.test(running.output())) {
    if (
      (await Promise.race([
        once(running.child.stdout!, 'data'),
        once(running.child.stderr!, 'data'),
        running.ended.then(() => 'ended')
      ])) === 'ended'
    )
      return
  }
}

/** Kills a program (-9) at this instant unless it exits before; true if it was killed. */
export async function killAfter(running: Running, milliseconds: number): Promise<boolean> {
  const timer = setTimeout(() => running.child.kill('SIGKILL'), milliseconds)
  const code = await running.ended
  clearTimeout(timer)
  return code === null
}

/** Waits for a program that must succeed. */
export async function succeed(running: Running): Promise<string> {
  const code = await running.ended
  if (code !== 0) throw new Error(`It ended with ${code}: ${running.output()}`)
  return running.output()
}
