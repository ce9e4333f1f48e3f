/** Functions that one process offers to another. Arguments and results are copied (structured clone). */
export type Calls = Readonly<Record<string, (argument: never) => unknown>>

/** One end of the connection between two processes. */
export interface Wire {
  /** Rejects if the other process is gone. */
  send(message: unknown): Promise<void>
  onMessage(listener: (message: unknown) => void): void
  onClose(listener: () => void): void
}

/** Calls functions of the other process; a call rejects if the function throws, or if the process ends before it answers. */
export interface Channel<Remote extends Calls> {
  call<N extends keyof Remote & string>(
    name: N,
    argument: Parameters<Remote[N]>[0]
  ): Promise<Awaited<ReturnType<Remote[N]>>>
}

interface Ask {
  readonly ask: number
  readonly name: string
  readonly argument: unknown
}
interface Reply {
  readonly reply: number
  readonly value?: unknown
  readonly error?: string
}

interface Pending {
  readonly resolve: (value: never) => void
  readonly reject: (error: Error) => void
}

/** Creates a channel over a wire; `local` answers the other end's calls. */
export function createChannel<Remote extends Calls>(wire: Wire, local: Calls): Channel<Remote> {
  const pending = new Map<number, Pending>()
  let count = 0
  let isClosed = false
  const gone = (): Error => new Error('The other process is gone.')

  wire.onMessage((message) => {
    if (isReply(message)) settle(message)
    else if (isAsk(message)) void answer(message)
  })
  wire.onClose(() => {
    isClosed = true
    for (const { reject } of pending.values()) reject(gone())
    pending.clear()
  })

  function settle({ reply, value, error }: Reply): void {
    const call = pending.get(reply)
    pending.delete(reply)
    if (error === undefined) call?.resolve(value as never)
    else call?.reject(new Error(error))
  }

  async function answer({ ask, name, argument }: Ask): Promise<void> {
    const reply = await Promise.resolve()
      .then(() => local[name]!(argument as never))
      .then(
        (value): Reply => ({ reply: ask, value }),
        (error: unknown): Reply => ({ reply: ask, error: String(error) })
      )
    await wire.send(reply).catch(() => undefined) // the caller is gone
  }

  return {
    call: (name, argument) =>
      new Promise((resolve, reject) => {
        if (isClosed) return reject(gone())
        const ask = count++
        pending.set(ask, { resolve, reject })
        wire.send({ ask, name, argument } satisfies Ask).catch((error: Error) => {
          pending.delete(ask)
          reject(error)
        })
      })
  }
}

function isAsk(message: unknown): message is Ask {
  return typeof message === 'object' && message !== null && 'ask' in message
}

function isReply(message: unknown): message is Reply {
  return typeof message === 'object' && message !== null && 'reply' in message
}
