import { spawn } from 'node:child_process'

/** A program's exit code and output. */
export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Variables that test runners set: a user's shell has none of them, and some make Node warn on stderr. */
const FOREIGN = /^(NO_COLOR|FORCE_COLOR|NODE_OPTIONS|NODE_ENV|NODE_PATH|VITEST.*|VITE_.*|TEST|NX_.*|INIT_CWD)$/

/** This process's environment as a user's shell would have it. */
export const environment: NodeJS.ProcessEnv = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !FOREIGN.test(name))
)

/** Runs a program to its end with `input` on stdin. Rejects only if it cannot be started. */
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
    child.stdin.on('error', () => undefined).end(input) // a program that exits early reads nothing
    child.on('error', reject).on('close', (status) => resolve({ status, stdout, stderr }))
  })
}
