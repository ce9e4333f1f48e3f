import { MatcherError } from '@sohu-match/core'
import type { GivenColumns } from './pairs/columns'

/** Parses a flag's whole number in [least, most]. Commander adds the flag's name to its errors. */
export function wholeNumber(least = 0, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= least && value <= most) return value
    throw invalidArgument(`It must be a whole number ${rangeText(least, most)}.`)
  }
}

/** Parses a flag's number in [least, most], fractions included. */
export function numberIn(least: number, most = Infinity): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (text.trim() !== '' && Number.isFinite(value) && value >= least && value <= most) return value
    throw invalidArgument(`It must be a number ${rangeText(least, most)}.`)
  }
}

function rangeText(least: number, most: number): string {
  return most < Number.MAX_SAFE_INTEGER ? `from ${least} to ${most}` : `of at least ${least}`
}

/** Commander recognizes this error by its code, so this package does not need commander. */
function invalidArgument(message: string): Error {
  return Object.assign(new Error(message), { code: 'commander.invalidArgument' })
}

const ROLES: readonly string[] = ['a', 'b', 'label', 'id', 'split']

/** `--columns` for commands that read pairs; they build the option, since this package does not have commander. */
export const COLUMNS = {
  flags: '--columns <role=name...>',
  description: `columns of a file whose names are not recognized: ${ROLES.join('=…, ')}=… (numbers from 1 where it has no header)`,
  parse: addColumn
} as const

/** Throws `config-invalid`. */
function addColumn(text: string, before: GivenColumns): GivenColumns {
  const [, role, name] = /^([^=]+)=(.+)$/s.exec(text) ?? []
  if (role !== undefined && name !== undefined && ROLES.includes(role)) return { ...before, [role]: name }
  throw new MatcherError(
    'config-invalid',
    `--columns ${text} is not role=name, for example --columns a=q1 b=q2 label=same; the roles are ${ROLES.join(', ')}.`
  )
}

/** One line with the error's code; for an unexpected error, its stack. */
export function describeError(error: unknown): string {
  if (isCoded(error)) return `${error.message} [${error.code}]`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

/** Recognizes a `MatcherError` of any copy of the class: a published package bundles its own. */
function isCoded(error: unknown): error is MatcherError {
  return error instanceof Error && error.name === 'MatcherError' && 'code' in error
}

/** Prints an error to stderr after the program's name and sets the exit code to 1. */
export function reportError(program: string, error: unknown): void {
  process.stderr.write(`${program}: ${describeError(error)}\n`)
  process.exitCode = 1
}

/** SIGINT (Ctrl-C), and SIGTERM, which Nx and most supervisors send. */
const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const

export interface StopRequest {
  /**
   * Aborted by the first SIGINT or SIGTERM, with a `MatcherError` of code `disposed`; a second one ends the process.
   */
  readonly signal: AbortSignal
  /** 130 after SIGINT, 143 after SIGTERM. */
  exitCode(): number
  /** Stops listening, so that a signal ends the process as usual. */
  dispose(): void
}

/** Calls `onStop` for the first SIGINT or SIGTERM. */
export function stopRequest(onStop: () => void = () => undefined): StopRequest {
  const controller = new AbortController()
  let received: keyof typeof SIGNALS = 'SIGINT'
  const listen = (name: NodeJS.Signals): void => {
    received = name as keyof typeof SIGNALS
    dispose()
    onStop()
    controller.abort(new MatcherError('disposed', `Stopped by ${name}.`))
  }
  const dispose = (): void => {
    for (const name of Object.keys(SIGNALS)) process.off(name, listen)
  }
  for (const name of Object.keys(SIGNALS)) process.once(name, listen)
  return { signal: controller.signal, exitCode: () => 128 + SIGNALS[received], dispose }
}
