import { resolve } from 'node:path'
import { readManifest } from '@sohu-match/node'
import { numberIn, wholeNumber, type StopRequest } from '@sohu-match/node/cli'
import { createMatcher, MatcherError, type Matcher, type MatcherOptions } from '@sohu-match/sdk-node'
import { Option, type Command } from 'commander'

/** An option of the SDK on the command line. */
interface Flag {
  readonly flags: string
  readonly help: string
  readonly choices?: readonly string[]
  readonly parse?: (text: string) => unknown
}

/** Options of `createMatcher` that are flags. A new one needs no other line in this package. */
const OPTION_FLAGS = {
  device: {
    flags: '--device <name>',
    help: 'device to run on (default: auto, cuda if it works, otherwise cpu)',
    choices: ['auto', 'cuda', 'webgpu', 'cpu']
  },
  dtype: {
    flags: '--dtype <name>',
    help: 'precision (default: auto, by device)',
    choices: ['auto', 'fp32', 'fp16', 'int8', 'q8', 'q4']
  },
  endpoint: {
    flags: '--endpoint <url>',
    help: 'run the graph on an inference server instead, such as http://triton:8000/v2/models/zh'
  },
  maxLength: {
    flags: '--max-length <tokens>',
    help: 'tokens to which a pair is truncated (default: as in training)',
    parse: wholeNumber(4)
  },
  truncation: {
    flags: '--truncation <way>',
    help: 'how a longer pair is truncated (default: longest-first)',
    choices: ['longest-first', 'head-tail']
  },
  workers: {
    flags: '--workers <n>',
    help: 'worker threads, each with its own copy of the model (default: one per processor on cpu, at most 4)',
    parse: wholeNumber(1)
  },
  threads: {
    flags: '--threads <n>',
    help: 'threads of each worker on cpu (default: the processors, divided among the workers)',
    parse: wholeNumber(1)
  },
  maxQueue: {
    flags: '--max-queue <pairs>',
    help: 'pairs that may wait for an answer (default: 10000)',
    parse: wholeNumber(1)
  },
  batchTokens: {
    flags: '--batch-tokens <n>',
    help: 'padded tokens per batch (default: by device)',
    parse: wholeNumber(1)
  },
  batchPadding: {
    flags: '--batch-padding <share>',
    help: 'share of a batch that may be padding; 0: on cpu no score depends on its batch (default: by device)',
    parse: numberIn(0, 1)
  }
} as const satisfies Partial<Record<keyof MatcherOptions<string>, Flag>>

type OptionName = keyof typeof OPTION_FLAGS

/** Flags of every command with a model. */
export interface ModelFlags extends Pick<MatcherOptions<string>, OptionName> {
  readonly model: string
  readonly window?: number
  /** Not a flag: set by commands that must bypass the cache. */
  readonly cacheSize?: number
}

export function withModel(command: Command): Command {
  command.requiredOption('--model <folder>', 'model folder, as sohu-train export wrote it')
  for (const { flags, help, choices, parse } of Object.values<Flag>(OPTION_FLAGS)) {
    const option = new Option(flags, help)
    if (choices) option.choices(choices)
    if (parse) option.argParser(parse)
    command.addOption(option)
  }
  return command.option(
    '--window <tokens>',
    'split longer pairs into half-overlapping windows of this many tokens; keep the best score',
    wholeNumber(5)
  )
}

/**
 * Loads the model with all its tasks, passes it to `work`, and always disposes it: its workers would keep the process
 * alive. Throws as `createMatcher`.
 */
export async function usingMatcher<R>(
  flags: ModelFlags,
  work: (matcher: Matcher<string>) => Promise<R>,
  signal?: AbortSignal
): Promise<R> {
  const matcher = await createMatcher<string>({ ...(await matcherOptions(flags)), signal })
  try {
    return await work(matcher)
  } finally {
    await matcher.dispose()
  }
}

/** The result of work; undefined, with the exit code of a stopped process, if the stop request came first. */
export async function unlessStopped<R>({ signal, exitCode }: StopRequest, work: Promise<R>): Promise<R | undefined> {
  try {
    return await work
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error
    process.exitCode = exitCode()
    return undefined
  }
}

async function matcherOptions(flags: ModelFlags): Promise<MatcherOptions<string>> {
  const names = Object.keys(OPTION_FLAGS) as OptionName[]
  const given = Object.fromEntries(names.map((name) => [name, flags[name]])) as Pick<MatcherOptions<string>, OptionName>
  const { window, cacheSize } = flags
  if (window !== undefined && flags.truncation !== undefined)
    throw new MatcherError('config-invalid', '--window and --truncation exclude each other; leave one out.')
  const model = resolve(flags.model)
  return {
    ...given,
    model,
    cacheSize,
    tasks: await taskNames(model),
    ...(window !== undefined && { truncation: { window, stride: Math.ceil(window / 2), combine: 'max' } as const })
  }
}

/** The task names in a manifest; undefined if it cannot be read, in which case `createMatcher` reports why. */
async function taskNames(model: string): Promise<string[] | undefined> {
  try {
    const { tasks } = (await readManifest(model)) as { tasks: { name: string }[] }
    return tasks.map((task) => task.name)
  } catch {
    return undefined
  }
}

/**
 * The task of pairs without one: that of `--task`, or a model's only task; undefined if a model has several. Throws
 * `task-unknown` for a task that the model lacks.
 */
export function defaultTask({ info }: Pick<Matcher<string>, 'info'>, task: string | undefined): string | undefined {
  const names = info.tasks.map(({ name }) => name)
  if (task === undefined) return names.length === 1 ? names[0] : undefined
  if (names.includes(task)) return task
  throw new MatcherError(
    'task-unknown',
    `--task names "${task}", but the tasks of ${info.model} are ${names.join(', ')}.`
  )
}

/** Throws `task-unknown` if the model has several tasks and none is named. */
export function requireTask(matcher: Pick<Matcher<string>, 'info'>, given: string | undefined): string {
  const task = defaultTask(matcher, given)
  if (task !== undefined) return task
  const names = matcher.info.tasks.map(({ name }) => name).join(', ')
  throw new MatcherError('task-unknown', `This model has several tasks; name one of ${names} with --task.`)
}
