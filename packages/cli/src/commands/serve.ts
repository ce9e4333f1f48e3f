import { once } from 'node:events'
import { describeError, stopRequest, wholeNumber } from '@sohu-match/node/cli'
import { MatcherError, type Matcher } from '@sohu-match/sdk-node'
import { Option, type Command } from 'commander'
import { defaultTask, unlessStopped, usingMatcher, withModel, type ModelFlags } from '../model-flags'
import { describeMatcher, joinPrimary } from '../processes/member'
import { serveInProcesses } from '../processes/primary'
import { accessLine, LOG_FORMATS, type LogFormat } from '../serve/access-log'
import { startServer, type ServeOptions } from '../serve/serve'
import { lostWorkers, untilWorkersAreLost } from '../serve/watch'

interface ServeFlags extends ModelFlags {
  readonly task?: string
  readonly host: string
  readonly port: number
  readonly deadline: number
  readonly bodyLimit: number
  readonly maxPairs: number
  readonly maxConnections: number
  readonly requestTimeout: number
  readonly allowedHost?: string[]
  readonly corsOrigin?: string[]
  readonly apiKey?: string
  readonly log: LogFormat
  readonly processes?: number
  /** Set by the primary process for those that it starts. */
  readonly member?: true
}

export function addServe(program: Command, version: string): void {
  withModel(program.command('serve'))
    .description(
      'serve /match, /classify, /rerank, /predict, /health, /ready, /info, /metrics and /openapi.json over HTTP'
    )
    .option('--task <name>', 'the task of requests that name none; optional if the model has only one')
    .option('--host <address>', 'address to listen on; 0.0.0.0 lets other machines in', '127.0.0.1')
    .option('--port <number>', 'port to listen on; 0 chooses a free one', wholeNumber(0, 65_535), 8080)
    .option('--deadline <ms>', 'time from a request to its answer; then 503', wholeNumber(1), 10_000)
    .option('--body-limit <bytes>', 'size of a request', wholeNumber(1), 2 * 2 ** 20)
    .option('--max-pairs <n>', 'pairs in one request', wholeNumber(1), 1_000)
    .option('--max-connections <n>', 'connections at once; more are closed', wholeNumber(1), 1_024)
    .option(
      '--request-timeout <ms>',
      'time in which a client must send its request (then 408), and in which it must take the answer',
      wholeNumber(1),
      30_000
    )
    .option('--allowed-host <names...>', 'names accepted in the Host header on a loopback address, besides localhost')
    .option('--cors-origin <origins...>', 'origins whose pages may read answers; "*" for all')
    .addOption(
      new Option(
        '--api-key <key>',
        'key that requests must carry as "Authorization: Bearer KEY"; better in the environment, as others can read a command line'
      ).env('SOHU_MATCH_API_KEY')
    )
    .addOption(
      new Option('--log <format>', 'access log on stdout: ids, routes, times, no texts')
        .choices(LOG_FORMATS)
        .default('off')
    )
    .option(
      '--processes <n>',
      'processes on the one port, each with its own model and queue; they start again, one by one, at SIGHUP or POST /reload',
      wholeNumber(1, 256)
    )
    .addOption(new Option('--member').hideHelp())
    .action((flags: ServeFlags) => serve(flags, version))
}

async function serve(flags: ServeFlags, version: string): Promise<void> {
  if (flags.member) return serveAsMember(flags, version)
  checkOrigins(flags.corsOrigin)
  if (flags.apiKey?.trim() === '')
    throw new MatcherError('config-invalid', 'The API key is empty; set one, or leave it out.')
  const stop = stopRequest()
  const { processes } = flags
  if (processes !== undefined) {
    const onEvent = (line: string): void => console.error(line)
    const { deadline: deadlineMs, requestTimeout: requestTimeoutMs } = flags
    const options = { ...flags, processes, deadlineMs, requestTimeoutMs, signal: stop.signal, onEvent }
    return unlessStopped(stop, serveInProcesses(options))
  }
  const work = async (matcher: Matcher<string>): Promise<void> => {
    await serveUntilStopped(matcher, serveOptions(matcher, flags, version), stop.signal)
  }
  await unlessStopped(stop, usingMatcher(flags, work, stop.signal))
}

/** Serves as one of several processes. The primary prints why it cannot, so it only sets the exit code. */
async function serveAsMember(flags: ServeFlags, version: string): Promise<void> {
  const membership = joinPrimary()
  const work = async (matcher: Matcher<string>): Promise<void> => {
    const served = membership.serve(serveOptions(matcher, flags, version))
    const watch = new AbortController()
    const lost = await Promise.race([served, untilWorkersAreLost(matcher, watch.signal)])
    watch.abort()
    if (lost !== undefined) throw lostWorkers(lost)
  }
  try {
    await usingMatcher(flags, work)
  } catch (error) {
    process.exitCode = 1
    await membership.fail(error)
  }
  membership.leave()
}

async function serveUntilStopped(matcher: Matcher<string>, options: ServeOptions, signal: AbortSignal): Promise<void> {
  const server = await startServer(options)
  const [line, ...lines] = describeMatcher(matcher).lines
  for (const one of [`${line} at ${server.address}`, ...lines]) console.error(one)
  const stopped = signal.aborted ? undefined : once(signal, 'abort').then(() => undefined)
  const lost = await Promise.race([stopped, untilWorkersAreLost(matcher, signal)])
  if (lost === undefined) console.error('Stopping: requests under way are answered.')
  await server.close()
  if (lost !== undefined) throw lostWorkers(lost)
}

function serveOptions(matcher: Matcher<string>, flags: ServeFlags, version: string): ServeOptions {
  const { host, port, bodyLimit, maxPairs, maxConnections, apiKey, log } = flags
  return {
    matcher,
    version,
    defaultTask: defaultTask(matcher, flags.task),
    host,
    port,
    bodyLimit,
    maxPairs,
    maxConnections,
    deadlineMs: flags.deadline,
    requestTimeoutMs: flags.requestTimeout,
    allowedHosts: flags.allowedHost,
    corsOrigins: flags.corsOrigin,
    apiKey,
    onError: (error) => console.error(describeError(error)),
    onAccess: log === 'off' ? undefined : (entry) => void process.stdout.write(`${accessLine(entry, log)}\n`)
  }
}

/** Throws `config-invalid` for origins that no browser sends: they would never match. */
function checkOrigins(origins: readonly string[] = []): void {
  const wrong = origins.find((origin) => origin !== '*' && !(URL.canParse(origin) && new URL(origin).origin === origin))
  if (wrong !== undefined)
    throw new MatcherError(
      'config-invalid',
      `--cors-origin "${wrong}" is not an origin; write it as https://example.org.`
    )
}
