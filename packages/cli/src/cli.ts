import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { userPath } from '@sohu-match/node'
import { describeError, reportError, stopRequest, wholeNumber } from '@sohu-match/node/cli'
import { MatcherError, type MatchResult } from '@sohu-match/sdk-node'
import { Command } from 'commander'
import { benchMatcher, describeReport } from './bench'
import { describeResult } from './match'
import { usingMatcher, withModel, type ModelFlags } from './model-options'
import { scoreLines } from './score'
import { openScoreFile, type ScoreFile } from './score-file'
import { startServer } from './serve/serve'

declare const VERSION: string

const program = new Command('sohu-match')
  .description('Judges Chinese text pairs with a sohu-match model folder.')
  .version(VERSION)
  .showHelpAfterError('(add --help for the flags)')

withModel(program.command('match <a> <b>'))
  .description('judge one pair')
  .requiredOption('--task <name>', 'the task to judge it under')
  .option('--json', 'print the result as JSON')
  .action(async (a: string, b: string, flags: ModelFlags & { task: string; json?: boolean }) => {
    const result: MatchResult<string> = await usingMatcher(flags, (matcher) => matcher.match(a, b, flags.task))
    process.stdout.write(`${flags.json ? JSON.stringify(result) : describeResult(result)}\n`)
  })

withModel(program.command('score'))
  .description('score JSON lines ({"a", "b", "task", "id"}) from stdin to stdout, in order')
  .option('--task <name>', 'the task of lines that name none')
  .option('--out <file>', 'write to a file in place of stdout')
  .option('--resume', 'go on with --out: lines that it holds are not scored again')
  .option('--skip <lines>', 'input lines at the start to leave out', wholeNumber(), 0)
  .option('--quiet', 'no progress on stderr')
  .action(score)

withModel(program.command('serve'))
  .description('serve /match, /rerank, /predict, /health, /info, /metrics and /openapi.json over HTTP')
  .option('--task <name>', 'the task of requests that name none')
  .option('--host <address>', 'address to listen on; 0.0.0.0 lets others in', '127.0.0.1')
  .option('--port <number>', 'port to listen on; 0 takes a free one', wholeNumber(), 8080)
  .option('--deadline <ms>', 'time from a request to its answer; then 503', wholeNumber(1), 10_000)
  .option('--body-limit <bytes>', 'size of a request', wholeNumber(1), 2 * 2 ** 20)
  .option('--max-pairs <n>', 'pairs in one request', wholeNumber(1), 1_000)
  .option('--request-timeout <ms>', 'time in which a client must send its request; then 408', wholeNumber(1), 30_000)
  .action(serve)

withModel(program.command('bench'))
  .description('measure this model on this machine')
  .option('--runs <n>', 'how often each single pair is judged', wholeNumber(1), 30)
  .option('--pairs <n>', 'pairs of the mixed run', wholeNumber(1), 500)
  .option('--json', 'print the report as JSON')
  .action(async (flags: ModelFlags & { runs: number; pairs: number; json?: boolean }) => {
    const report = await usingMatcher(flags, (matcher) => benchMatcher(matcher, flags.runs, flags.pairs))
    process.stdout.write(`${flags.json ? JSON.stringify(report) : describeReport(report)}\n`)
  })

interface ScoreFlags extends ModelFlags {
  readonly task?: string
  readonly out?: string
  readonly resume?: boolean
  readonly skip: number
  readonly quiet?: boolean
}

async function score(flags: ScoreFlags): Promise<void> {
  if (flags.resume && flags.out === undefined)
    throw new MatcherError('input-invalid', '--resume goes on with a file: name it with --out.')
  const stopping = stopRequest()
  const stop = stopping.signal
  const file: ScoreFile | undefined =
    flags.out === undefined ? undefined : await openScoreFile(userPath(flags.out), flags.resume === true)
  const skip = file?.done || flags.skip
  const tell = progressTo(process.stderr, skip)
  try {
    const done = await usingMatcher(
      flags,
      (matcher) => {
        const lines = createInterface({ input: process.stdin, crlfDelay: Infinity })
        stop.addEventListener('abort', () => lines.close(), { once: true })
        const onProgress = flags.quiet ? undefined : tell
        return scoreLines({
          matcher,
          lines,
          write: file?.write ?? writeOut,
          skip,
          task: flags.task,
          signal: stop,
          onProgress
        })
      },
      stop
    )
    if (!flags.quiet) tell(done, true)
    if (!stop.aborted) return
    process.stderr.write(
      `Stopped after ${done} lines; go on with ${flags.out === undefined ? `--skip ${done}` : `--out ${flags.out} --resume`} and the same input.\n`
    )
    process.exitCode = stopping.exitCode()
  } finally {
    await file?.close()
  }
}

/** Tells once a second how many lines are done, and how fast; `last` tells in any case. */
function progressTo(stream: NodeJS.WriteStream, skipped: number): (done: number, last?: boolean) => void {
  const started = performance.now()
  let told = started
  return (done, last = false) => {
    const now = performance.now()
    if (!last && now - told < 1_000) return
    told = now
    stream.write(`${done} lines, ${((done - skipped) / ((now - started) / 1000)).toFixed(1)} lines/s\n`)
  }
}

interface ServeFlags extends ModelFlags {
  readonly task?: string
  readonly host: string
  readonly port: number
  readonly deadline: number
  readonly bodyLimit: number
  readonly maxPairs: number
  readonly requestTimeout: number
}

async function serve(flags: ServeFlags): Promise<void> {
  const { signal: stop } = stopRequest()
  const {
    host,
    port,
    deadline: deadlineMs,
    bodyLimit,
    maxPairs,
    requestTimeout: requestTimeoutMs,
    task: defaultTask
  } = flags
  await usingMatcher(
    flags,
    async (matcher) => {
      const server = await startServer({
        matcher,
        version: VERSION,
        defaultTask,
        host,
        port,
        deadlineMs,
        bodyLimit,
        maxPairs,
        requestTimeoutMs,
        onError: (error) => console.error(describeError(error))
      })
      const { model, dtype, device, reasons } = matcher.info
      console.error(`Serving ${model} (${dtype} on ${device}) at ${server.address}`)
      for (const { device, taken, reason } of reasons)
        console.error(`  ${device}: ${taken ? 'taken' : 'not taken'}, ${reason}`)
      if (!stop.aborted) await once(stop, 'abort')
      console.error('Stopping: requests under way are answered.')
      await server.close()
    },
    stop
  )
}

/** Writes to stdout and waits while whoever reads it is behind. */
async function writeOut(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain')
}

/** A reader of our output that goes away (`| head`) is no error. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1)
})

try {
  await program.parseAsync()
} catch (error) {
  reportError('sohu-match', error)
}
