import { spawn } from 'node:child_process'

/** How a program ended, and all it printed. */
export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** What a runner of tests sets for its own sake: a user's shell has none of it, and some of it makes Node warn on stderr. */
const FOREIGN = /^(NO_COLOR|FORCE_COLOR|NODE_OPTIONS|NODE_ENV|NODE_PATH|VITEST.*|VITE_.*|TEST|NX_.*|INIT_CWD)$/

/** This process's environment as a user's shell would have it. */
export const environment: NodeJS.ProcessEnv = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !FOREIGN.test(name))
)

/** Runs a program to its end with `input` on stdin. Rejects only where it cannot be started. */
export function execute(
  program: string,
  args: readonly string[],
  { cwd, input = '', env }: { cwd: string; input?: string; env?: NodeJS.ProcessEnv }
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { ...environment, ...env } })
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.stdin.on('error', () => undefined).end(input) // a program that ends early reads nothing
    child.on('error', reject).on('close', (status) => resolve({ status, stdout, stderr }))
  })
}
