import type { Socket } from 'node:net'
import { describeError } from '@sohu-match/node/cli'
import type { Matcher } from '@sohu-match/sdk-node'
import type { AppOptions } from '../serve/app'
import { createMetrics } from '../serve/metrics'
import { startPortlessServer, type PortlessServer } from '../serve/serve'
import type { MemberCalls, MemberMessage, PrimaryCalls, PrimaryMessage, Serving } from './calls'
import { createChannel } from './channel'

/** This process as one of several that serve. */
export interface Membership {
  /** Serves until the primary process ends or retires this one, and the last connection has ended. */
  serve(options: AppOptions): Promise<void>
  /** Reports why this process cannot serve; the primary prints the reason once for all processes. */
  fail(error: unknown): Promise<void>
  /** Disconnects from the primary process, so that nothing keeps this one alive. */
  leave(): void
}

/** Joins the primary process that started this one. Signals for the whole group, such as Ctrl-C, are the primary's to handle. */
export function joinPrimary(): Membership {
  const metrics = createMetrics()
  let server: PortlessServer | undefined
  let onRetired: () => void
  const retired = new Promise<void>((resolve) => (onRetired = resolve))
  const retire = async (drain: boolean): Promise<void> => {
    await (drain ? server?.drain() : server?.close())
    onRetired()
  }
  const primary = createChannel<PrimaryCalls>(wireToPrimary(), {
    counts: () => metrics.registry.getMetricsAsJSON(),
    retire: ({ drain }: { drain: boolean }) => void retire(drain)
  } satisfies MemberCalls)

  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined)
  process.on('SIGTERM', () => {
    if (!server) process.exit()
    primary.call('leaving', undefined as never).catch(() => undefined) // the primary is gone: this process is already exiting
  })
  process.on('disconnect', () => (server ? void retire(false) : process.exit())) // the primary is gone, and so is its port
  process.on('message', (message: PrimaryMessage, socket?: Socket) => {
    if (!('connection' in message)) return
    const { connection } = message
    report({ taken: connection }) // before any byte of it is read
    if (socket) server!.take(socket, () => report({ closed: connection }))
    else report({ closed: connection }) // its client is gone
  })

  return {
    async serve(options) {
      server = await startPortlessServer({
        ...options,
        metrics,
        metricsPage: () => primary.call('page', undefined as never),
        reload: () => primary.call('reload', undefined as never)
      })
      await primary.call('serving', describeMatcher(options.matcher))
      await retired
      if (process.connected) await primary.call('retired', await metrics.registry.getMetricsAsJSON())
    },
    fail: (error) => primary.call('failed', describeError(error)),
    leave: () => (process.connected ? process.disconnect() : undefined)
  }
}

/** The model of a matcher, and lines of text about its device. */
export function describeMatcher({ info }: Pick<Matcher<string>, 'info'>): Serving {
  const { model, modelHash, dtype, device, reasons } = info
  const tried = reasons.map((one) => `  ${one.device}: ${one.taken ? 'taken' : 'not taken'}, ${one.reason}`)
  return { model, modelHash, lines: [`Serving ${model} (${dtype} on ${device})`, ...tried] }
}

function report(message: MemberMessage): void {
  if (process.connected) process.send!(message, undefined, undefined, () => undefined) // without a primary there is nobody to count
}

function wireToPrimary() {
  return {
    send: (message: unknown) =>
      new Promise<void>((resolve, reject) => {
        process.send!(message, undefined, undefined, (error) => (error ? reject(error) : resolve()))
      }),
    onMessage: (listener: (message: unknown) => void) => void process.on('message', listener),
    onClose: (listener: () => void) => void process.on('disconnect', listener)
  }
}
