import { readManifest, userPath } from '@sohu-match/node'
import { createMatcher, type Dtype, type Matcher, type MatcherOptions, type NodeDevice } from '@sohu-match/sdk-node'
import { Option, type Command } from 'commander'
import { wholeNumber } from '@sohu-match/node/cli'

/** Flags that every command with a model takes. */
export interface ModelFlags {
  readonly model: string
  readonly device: NodeDevice | 'auto'
  readonly dtype: Dtype | 'auto'
  readonly maxLength?: number
  readonly truncation: 'longest-first' | 'head-tail'
  readonly window?: number
  readonly workers?: number
  readonly threads?: number
  readonly maxQueue?: number
  readonly batchTokens?: number
}

/** Adds `--model` and what goes with it to a command. */
export function withModel(command: Command): Command {
  return command
    .requiredOption('--model <folder>', 'model folder, as export wrote it')
    .addOption(
      new Option('--device <name>', 'what to run on').choices(['auto', 'cuda', 'webgpu', 'cpu']).default('auto')
    )
    .addOption(
      new Option('--dtype <name>', 'precision; auto goes by the device')
        .choices(['auto', 'fp32', 'fp16', 'int8', 'q8', 'q4'])
        .default('auto')
    )
    .option('--max-length <tokens>', "tokens a pair is cut to (default: training's)", wholeNumber(1))
    .addOption(
      new Option('--truncation <way>', 'what a longer pair loses')
        .choices(['longest-first', 'head-tail'])
        .default('longest-first')
    )
    .option(
      '--window <tokens>',
      'read longer pairs in windows of so many tokens, half overlapping, and take the best',
      wholeNumber(1)
    )
    .option('--workers <n>', 'worker threads, each with the model (default: 1)', wholeNumber(1))
    .option('--threads <n>', 'threads of each worker (default: the cores, shared)', wholeNumber(1))
    .option('--max-queue <pairs>', 'pairs accepted and unanswered (default: 10000)', wholeNumber(1))
    .option(
      '--batch-tokens <n>',
      'padded tokens of a batch; 1 judges each pair alone, so that its digits depend on nothing beside it',
      wholeNumber(1)
    )
}

/** Loads the model of the flags with all tasks that it has. Throws what `createMatcher` throws. */
async function openMatcher(flags: ModelFlags, signal?: AbortSignal): Promise<Matcher<string>> {
  const model = userPath(flags.model)
  const { device, dtype, maxLength, workers, threads, maxQueue, batchTokens, window } = flags
  const truncation =
    window === undefined ? flags.truncation : { window, stride: Math.ceil(window / 2), combine: 'max' as const }
  const tasks = await taskNames(model)
  const options: MatcherOptions<string> = {
    model,
    tasks,
    device,
    dtype,
    maxLength,
    truncation,
    workers,
    threads,
    maxQueue,
    batchTokens,
    signal
  }
  return createMatcher<string>(options)
}

/** Opens a matcher, works with it, and disposes it whatever happens: its workers would keep the process alive. */
export async function usingMatcher<R>(
  flags: ModelFlags,
  work: (matcher: Matcher<string>) => Promise<R>,
  signal?: AbortSignal
): Promise<R> {
  const matcher = await openMatcher(flags, signal)
  try {
    return await work(matcher)
  } finally {
    await matcher.dispose()
  }
}

/** The task names in a manifest; undefined where it cannot be read, for `createMatcher` to say why. */
async function taskNames(model: string): Promise<string[] | undefined> {
  try {
    const { tasks } = (await readManifest(model)) as { tasks: { name: string }[] }
    return tasks.map((task) => task.name)
  } catch {
    return undefined
  }
}
