import { fork, type ChildProcess, type Serializable } from 'node:child_process'
import type { Socket } from 'node:net'
import { MatcherError } from '@sohu-match/sdk-node'
import type { MemberCalls, MemberMessage, PrimaryCalls, PrimaryMessage, Serving } from './calls'
import { createChannel, type Channel } from './channel'
import type { Counts } from './totals'

/** A process that serves the connections passed to it. */
export interface Member {
  readonly calls: Channel<MemberCalls>
  /** Rejects with a `MatcherError` if the process ends before it serves. */
  readonly serving: Promise<Serving>
  /** Resolves with how the process ended. */
  readonly ended: Promise<string>
  /** Number of connections that it has or that are being passed to it; Infinity if it can accept no more. */
  readonly connections: () => number
  /** Passes a connection on; calls `onUntaken` if the process ends before it has accepted it. */
  give(socket: Socket, onUntaken: () => void): void
  kill(): void
}

/** Requests of a member to its primary process. */
export type MemberRequests = Pick<PrimaryCalls, 'page' | 'reload' | 'leaving' | 'retired'>

/** Starts this command as a member that serves a model folder. */
export function forkMember(model: string, requests: (member: Member) => MemberRequests): Member {
  const args = [...process.argv.slice(2), '--model', model, '--member']
  const child = fork(process.argv[1]!, args, { serialization: 'advanced' })
  let reason: string | undefined
  let onServing: (server: Serving) => void
  const ended = endOf(child)
  const serving = new Promise<Serving>((resolve, reject) => {
    onServing = resolve
    void ended.then((how) => reject(new MatcherError('inference-failed', reason ?? how)))
  })
  serving.catch(() => undefined) // handled by the caller, perhaps later
  const member: Member = {
    calls: createChannel<MemberCalls>(wireTo(child), {
      serving: (server: Serving) => onServing(server),
      failed: (why: string) => void (reason = why),
      retired: (counts: Counts) => requests(member).retired(counts),
      leaving: () => requests(member).leaving(),
      page: () => requests(member).page(),
      reload: () => requests(member).reload()
    } satisfies PrimaryCalls),
    serving,
    ended,
    ...handOver(child),
    kill: () => void child.kill('SIGKILL')
  }
  return member
}

/** Resolves with how a process ended, or why the system did not start it, which must not end this process. */
function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(`Process ${child.pid} ended with ${signal ?? `exit code ${code}`}.`))
    child.on('error', ({ code, message }: NodeJS.ErrnoException) => {
      if (child.pid === undefined) resolve(`A process could not be started (${code ?? message}).`)
    })
  })
}

/**
 * Passes connections to a process. This process keeps its own end of each until the other confirms it: connections that a dying process has not
 * accepted go to another one. (Node's cluster leaves such a connection open and unanswered.)
 */
function handOver(child: ChildProcess): Pick<Member, 'connections' | 'give'> {
  const untaken = new Map<number, { readonly socket: Socket; readonly onUntaken: () => void }>()
  let count = 0
  let connections = 0
  const giveBack = (): void => {
    connections = Infinity
    const all = [...untaken.values()]
    untaken.clear()
    for (const { onUntaken } of all) onUntaken()
  }
  onceGone(child, giveBack)
  child.on('message', (message: MemberMessage) => {
    if ('taken' in message) {
      untaken.get(message.taken)?.socket.destroy() // only this end: the connection stays open in the other process
      untaken.delete(message.taken)
    } else if ('closed' in message) connections--
  })
  return {
    connections: () => (child.connected ? connections : Infinity),
    give(socket, onUntaken) {
      const connection = count++
      connections++
      untaken.set(connection, { socket, onUntaken })
      child.send({ connection } satisfies PrimaryMessage, socket, { keepOpen: true }, (error) => {
        if (error) giveBack()
      })
    }
  }
}

/** Calls back when a process accepts no more messages. One that is killed while a connection is being passed to it never emits `disconnect`. */
function onceGone(child: ChildProcess, listener: () => void): void {
  for (const event of ['disconnect', 'exit']) child.on(event, listener)
}

function wireTo(child: ChildProcess) {
  return {
    send: (message: unknown) =>
      new Promise<void>((resolve, reject) => {
        child.send(message as Serializable, (error) => (error ? reject(error) : resolve()))
      }),
    onMessage: (listener: (message: unknown) => void) => void child.on('message', listener),
    onClose: (listener: () => void) => onceGone(child, listener)
  }
}
