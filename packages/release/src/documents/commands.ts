import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { execute } from '../execute'
import { PUBLISHED, ROOT, manifestIn, nameOf } from '../packages'
import { PROGRAMS } from './reasons'
import type { Words } from './shell'

/** What the check of a documented command needs. */
export interface Surroundings {
  /** The fresh project with the packed packages. */
  readonly project: string
  /** Paths that `sohu-match serve` answers. */
  readonly routes: readonly string[]
}

/** Programs in `sh` blocks that occurred and that reasons.ts exempts. */
export const excused = new Set<string>()

/** The fault of a documented command; undefined if there is none. */
export async function problemOf(command: Words, surroundings: Surroundings): Promise<string | undefined> {
  const [path, ...rest] = command[0] === 'npx' ? command.slice(1) : command
  const program = path?.replace(/^.*\/bin\//, '') // of the reader's virtual environment
  if (program === 'nx')
    return rest[0] === 'run'
      ? targetProblem(rest.slice(1))
      : PUBLIC_NX.includes(rest[0]!)
        ? undefined
        : `nx ${rest[0]} is not known to this check`
  if (program === '@sohu-match/cli' || program === 'sohu-match')
    return flagProblem(
      [process.execPath, join(surroundings.project, 'node_modules/.bin/sohu-match'), rest[0]!],
      rest.slice(1)
    )
  if (program === 'sohu-train' || program === '@sohu-match/train')
    return rest[0] === undefined ? undefined : flagProblem([process.execPath, TRAINER, rest[0]], rest.slice(1))
  if (program === 'npm') return npmProblem(rest)
  if (program === 'node') return nodeProblem(rest)
  if (program === 'vitest') return testFileProblem(rest)
  if (program === 'cp') return copyProblem(rest, surroundings.project)
  if (program === undefined || PROGRAMS[program] === undefined)
    return `nobody has said what to do with ${program}: see documents/reasons.ts`
  excused.add(program)
  if (program === 'curl') return addressProblem(rest, surroundings.routes)
  return undefined
}

/** The trainer of this clone: TensorFlow, which most of its commands load, is set up here and not in the fresh project. */
const TRAINER = join(ROOT, 'packages/trainer/bin/sohu-train.mjs')

const PUBLIC_NX = ['run-many', 'graph', 'affected', 'release', 'build']

/** `project:target [-- flags]`: the target must exist, and its program must know the flags. */
async function targetProblem([name, ...rest]: Words): Promise<string | undefined> {
  const target = commandOf(name!)
  if (target === undefined) return `there is no target ${name}`
  const flags = rest[0] === '--' ? rest.slice(1) : rest
  if (!flags.some((flag) => flag.startsWith('-'))) return undefined
  return target.startsWith('node packages/') ? flagProblem(target.split(' '), flags) : undefined
}

/** The command of the target `project:name`: in package.json's targets, or the npm script of this name; undefined if there is none. */
function commandOf(target: string): string | undefined {
  const [project, name] = target.split(':') as [string, string | undefined]
  const folder = [join(ROOT, 'packages', project), join(ROOT, project)].find((path) =>
    existsSync(join(path, 'package.json'))
  )
  if (!folder || !name) return undefined
  const { nx, scripts } = manifestIn(folder)
  return nx?.targets?.[name]?.options?.command ?? scripts?.[name]
}

const helps = new Map<string, Promise<string>>()

/** Checks the flags among a program's arguments against its `--help`. */
async function flagProblem(program: readonly string[], words: Words): Promise<string | undefined> {
  const name = program.join(' ')
  if (!helps.has(name))
    helps.set(
      name,
      execute(program[0]!, [...program.slice(1), '--help'], { cwd: ROOT }).then(({ status, stdout }) =>
        status === 0 ? stdout : ''
      )
    )
  const help = await helps.get(name)!
  const subcommand = /[./]/.test(program.at(-1)!) ? '' : program.at(-1)!
  if (!new RegExp(`^Usage: \\S+ ${subcommand}`).test(help)) return `${name} has no help: is there such a command?`
  const known = new Set([...help.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, flag]) => flag))
  return words
    .filter((word) => word.startsWith('--'))
    .map((word) => word.split('=')[0]!)
    .filter((flag) => !known.has(flag))
    .map((flag) => `${name} has no ${flag}`)[0]
}

/** `node [flags] file [words]`: the file must exist, and must know the flags if it is a built program with subcommands. */
async function nodeProblem(words: Words): Promise<string | undefined> {
  const from = words.findIndex((word) => !word.startsWith('-'))
  const [file, ...rest] = words.slice(from < 0 ? words.length : from)
  if (file === undefined) return 'node is named without a file'
  if (!existsSync(join(ROOT, file))) return `there is no ${file}`
  return /\/dist\/cli\.js$/.test(file) ? flagProblem(['node', file, rest[0]!], rest.slice(1)) : undefined
}

/** `vitest run --root FOLDER FILE`: the file must exist. */
function testFileProblem(words: Words): string | undefined {
  const root = words.includes('--root') ? words[words.indexOf('--root') + 1]! : '.'
  return words
    .filter((word) => word.endsWith('.test.ts') && !existsSync(join(ROOT, root, word)))
    .map((word) => `there is no test ${root}/${word}`)[0]
}

/** `npm i` of our packages, or a script of the root. */
function npmProblem([subcommand, ...rest]: Words): string | undefined {
  const workspace = rest.includes('-w') ? rest[rest.indexOf('-w') + 1]! : '.'
  const { scripts } = manifestIn(join(ROOT, workspace))
  const names = rest.filter((word) => !word.startsWith('-'))
  if (subcommand === 'run')
    return scripts?.[names[0]!] === undefined ? `${workspace} has no script ${names[0]}` : undefined
  if (['start', 'test'].includes(subcommand!)) return undefined
  if (['i', 'install', 'ci', 'rebuild'].includes(subcommand!)) {
    const ours = names.filter((name) => name.startsWith('@sohu-match/'))
    return ours
      .filter((name) => !PUBLISHED.some((published) => name === `@sohu-match/${nameOf(published)}`))
      .map((name) => `${name} is not published`)[0]
  }
  return `npm ${subcommand} is not known to this check`
}

/** Files that are copied out of node_modules must exist there in a fresh project. */
function copyProblem(words: Words, project: string): string | undefined {
  const sources = words.filter((word) => !word.startsWith('-')).slice(0, -1)
  return sources
    .filter((path) => path.startsWith('node_modules/') && !existsSync(join(project, path)))
    .map((path) => `a fresh project has no ${path}`)[0]
}

/** The server must answer an address on this machine. */
function addressProblem(words: Words, routes: readonly string[]): string | undefined {
  const path = words
    .map((word) => /^(?:https?:\/\/)?(?:localhost|127\.0\.0\.1)(?::\d+)?(\/[^?]*)?/.exec(word))
    .find(Boolean)?.[1]
  const answers = (route: string): boolean => new RegExp(`^${route.replace(/\{\w+\}/g, '[^/]+')}$`).test(path ?? '')
  return path === undefined || routes.some(answers) ? undefined : `the server does not answer ${path}`
}
