import { resolve } from 'node:path'
import { stopRequest, wholeNumber } from '@sohu-match/node/cli'
import { MatcherError, type Matcher } from '@sohu-match/sdk-node'
import type { Command } from 'commander'
import { defaultTask, unlessStopped, usingMatcher, withModel, type ModelFlags } from '../model-flags'
import { openScoreFile, type ScoreFile } from '../score/score-file'
import { standardInput, writeOut } from '../standard-input'
import { scoreLines, type ScoreOutcome } from '../score/score-lines'
import type { Settings } from '../score/run-record'

interface ScoreFlags extends ModelFlags {
  readonly task?: string
  readonly out?: string
  readonly resume?: boolean
  readonly skip?: number
  readonly keepGoing?: boolean
  readonly quiet?: boolean
}

export function addScore(program: Command): void {
  withModel(program.command('score'))
    .description('score JSON lines ({"a", "b", "task", "id"}) from stdin, in order, each as its task has it')
    .option('--task <name>', 'the task of lines that name none; optional if the model has only one')
    .option('--out <file>', 'write to a file instead of stdout')
    .option('--resume', 'resume the file of --out: lines with answers are not scored again')
    .option('--skip <lines>', 'input lines to skip at the start (default: 0)', wholeNumber())
    .option('--keep-going', 'answer a line that cannot be scored with its error, and continue')
    .option('--quiet', 'no progress on stderr')
    .action(score)
}

async function score(given: ScoreFlags): Promise<void> {
  if (given.resume && given.out === undefined)
    throw new MatcherError('config-invalid', '--resume resumes a file; name it with --out.')
  const flags = { ...given, batchPadding: given.batchPadding ?? reproduciblePadding(given) }
  const stop = stopRequest()
  const { resume = false, skip } = flags
  const file = flags.out === undefined ? undefined : await openScoreFile(resolve(flags.out), { resume, skip })
  const work = (matcher: Matcher<string>): Promise<ScoreOutcome> => scoreInput(matcher, flags, file, stop.signal)
  try {
    const outcome = await unlessStopped(stop, usingMatcher(flags, work, stop.signal))
    if (outcome && outcome.bad > 0)
      process.stderr.write(`${outcome.bad} lines could not be scored; their answers say why.\n`)
    if (!stop.signal.aborted) return
    process.stderr.write(continuation(flags, outcome))
    process.exitCode = stop.exitCode()
  } finally {
    process.stdin.destroy() // its writer must not keep this process alive
    await file?.close()
  }
}

async function scoreInput(
  matcher: Matcher<string>,
  flags: ScoreFlags,
  file: ScoreFile | undefined,
  signal: AbortSignal
): Promise<ScoreOutcome> {
  const task = defaultTask(matcher, flags.task)
  await file?.bind(settingsOf(matcher, flags, task))
  const answered = file?.answered
  const report = progressTo(process.stderr, answered?.answers ?? 0)
  const outcome = await scoreLines({
    matcher,
    input: standardInput(),
    write: file?.write ?? writeOut,
    skip: file?.skip ?? flags.skip ?? 0,
    answered,
    task,
    keepGoing: flags.keepGoing,
    limit: Math.min(LINES_HELD, matcher.info.limits.maxQueue),
    signal,
    onProgress: flags.quiet ? undefined : report
  })
  if (!flags.quiet) report(outcome.answers, true)
  return outcome
}

/** Maximum lines in memory. */
const LINES_HELD = 512

/** On a CPU only pairs of equal length run together: the output then does not depend on arrival times or resuming. */
function reproduciblePadding({ device = 'auto' }: ScoreFlags): number | undefined {
  return device === 'auto' || device === 'cpu' ? 0 : undefined
}

/** Every setting that an answer depends on. */
function settingsOf({ info }: Matcher<string>, { truncation, window }: ScoreFlags, task: string | undefined): Settings {
  return {
    model: info.model,
    graph: info.modelHash,
    device: info.device,
    task: task ?? null,
    maxLength: info.limits.maxLength,
    truncation: window === undefined ? (truncation?.toString() ?? 'longest-first') : `windows of ${window}`
  }
}

/** How to continue a run that was stopped, perhaps before the model was loaded. */
function continuation({ out, skip = 0 }: ScoreFlags, outcome: ScoreOutcome | undefined): string {
  const flags = out === undefined ? `--skip ${outcome?.line ?? skip}` : `--out ${out} --resume`
  const after = outcome ? `after ${outcome.answers} answers` : 'while the model was loading'
  return `Stopped ${after}; to continue, give the same input with ${flags}.\n`
}

/** Reports number and speed of answers at most once per second; `last` forces a report. */
function progressTo(stream: NodeJS.WriteStream, before: number): (answers: number, last?: boolean) => void {
  const started = performance.now()
  let reported = started
  return (answers, last = false) => {
    const now = performance.now()
    if (!last && now - reported < 1_000) return
    reported = now
    stream.write(`${answers} lines, ${((answers - before) / ((now - started) / 1000)).toFixed(1)} lines/s\n`)
  }
}
