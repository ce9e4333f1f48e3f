import { once } from 'node:events'
import { realpath } from 'node:fs/promises'
import { resolve } from 'node:path'
import { drainedMs, type ServeOptions } from '../serve/serve'
import { lostWorkers } from '../serve/watch'
import { forkMember } from './fork'
import { openPort, type Port } from './port'
import { createSupervisor } from './supervisor'

/** Parameters of a server of several processes. */
export interface PrimaryOptions extends Pick<
  ServeOptions,
  'host' | 'port' | 'maxConnections' | 'deadlineMs' | 'requestTimeoutMs'
> {
  readonly model: string
  readonly processes: number
  /** Aborted when the server is asked to stop. */
  readonly signal: AbortSignal
  readonly onEvent: (line: string) => void
}

/** Milliseconds in which a process that has closed its server must exit. */
const EXIT_MS = 10_000

/**
 * Serves with several processes until it is asked to stop; SIGHUP reloads. The model folder may be a symbolic link, which is resolved at the start
 * and at each reload, so that a replacement of a dead process serves the same model as the others. Throws what `createMatcher` throws, and
 * `inference-failed` if no process could be started for a minute.
 */
export async function serveInProcesses(options: PrimaryOptions): Promise<void> {
  const { processes, signal, onEvent } = options
  const path = resolve(options.model)
  let port: Port | undefined
  const supervisor = createSupervisor({
    processes,
    modelFolder: () => realpath(path).catch(() => path), // the process that reads it reports what is wrong
    fork: forkMember,
    retireMs: drainedMs(options) + EXIT_MS,
    onSeated: () => port?.flush(),
    onEvent
  })
  const started = supervisor.start()
  const reload = (): void => void started.then(() => supervisor.reload()).catch(() => undefined) // else `started` is thrown below
  process.on('SIGHUP', reload)
  const stopped = signal.aborted ? Promise.resolve([]) : once(signal, 'abort')
  try {
    const serving = await Promise.race([started, stopped.then(() => undefined)])
    if (!serving) return signal.throwIfAborted()
    port = await openPort(options, supervisor.members)
    const [line, ...lines] = serving.lines
    for (const one of [`${line} at ${port.address}`, ...lines]) onEvent(one)
    onEvent(`  ${processes} processes; SIGHUP to ${process.pid} or POST /reload starts them again on ${options.model}`)
    const lost = await Promise.race([stopped.then(() => undefined), supervisor.lost])
    if (lost !== undefined) throw lostWorkers(lost)
    onEvent('Stopping: requests under way are answered.')
  } finally {
    process.off('SIGHUP', reload)
    port?.close()
    await supervisor.stop()
  }
}
