import { EventEmitter } from 'node:events'
import { expect, it } from 'vitest'
import { createChannel, type Wire } from './channel'

type Calls = { double: (n: number) => Promise<number>; fail: () => never }

/** Two ends of a connection that copies what it carries. */
function wires(): { near: Wire; far: Wire; close: () => void } {
  const events = new EventEmitter()
  let isClosed = false
  const wire = (from: string, to: string): Wire => ({
    async send(message) {
      if (isClosed) throw new Error('closed')
      const copy = structuredClone(message)
      setImmediate(() => events.emit(to, copy))
    },
    onMessage: (listener) => void events.on(from, listener),
    onClose: (listener) => void events.on('close', listener)
  })
  return {
    near: wire('near', 'far'),
    far: wire('far', 'near'),
    close: () => {
      isClosed = true
      events.emit('close')
    }
  }
}

it('calls the other process, and passes on what it throws', async () => {
  const { near, far } = wires()
  const channel = createChannel<Calls>(near, {})
  createChannel(far, {
    double: async (n: number) => 2 * n,
    fail: () => {
      throw new Error('as asked')
    }
  })
  expect(await Promise.all([1, 2, 3].map((n) => channel.call('double', n)))).toEqual([2, 4, 6])
  await expect(channel.call('fail', undefined as never)).rejects.toThrow('as asked')
})

it('rejects calls if the other process ends before it answers', async () => {
  const { near, far, close } = wires()
  const channel = createChannel<Calls>(near, {})
  createChannel(far, { double: () => new Promise(() => undefined) })
  const waiting = channel.call('double', 1)
  setImmediate(close)
  await expect(waiting).rejects.toThrow('is gone')
  await expect(channel.call('double', 1)).rejects.toThrow('is gone')
})
