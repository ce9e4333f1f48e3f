import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, expect, it } from 'vitest'
import type { Member } from './fork'
import { openPort, type Port } from './port'

/** A process that greets each connection by its name, or, dying, takes none. */
function played(name: string): Member & { isDying: boolean } {
  let connections = 0
  const member = {
    isDying: false,
    connections: () => connections,
    give(socket: Socket, onUntaken: () => void) {
      connections++
      if (!member.isDying) return void socket.end(name)
      connections = Infinity
      setImmediate(onUntaken)
    }
  }
  return member as typeof member & Member
}

let port: Port | undefined
let members: Member[] = []

async function open(maxConnections = 10): Promise<Port> {
  port = await openPort({ host: '127.0.0.1', port: 0, maxConnections }, () => members)
  return port
}

const greeting = async ({ address }: Port): Promise<string> => {
  const { port, hostname } = new URL(address)
  return text(connect(Number(port), hostname))
}

afterEach(() => {
  port?.close()
  members = []
})

it('assigns a connection to the process with the fewest', async () => {
  const port = await open()
  members = [played('one'), played('two')]
  const greetings = [await greeting(port), await greeting(port), await greeting(port), await greeting(port)]
  expect(greetings.sort()).toEqual(['one', 'one', 'two', 'two'])
})

it('reassigns a connection that a dying process has not accepted', async () => {
  const port = await open()
  const dying = played('one')
  dying.isDying = true
  members = [dying, played('two')]
  expect([await greeting(port), await greeting(port)]).toEqual(['two', 'two'])
})

it('queues connections until a process is ready, and closes those beyond the limit', async () => {
  const port = await open(1)
  const waiting = greeting(port)
  expect(await greeting(port).catch(() => '')).toBe('') // the one that waits is the most
  members = [played('one')]
  port.flush()
  expect(await waiting).toBe('one')
})

it('says why it cannot listen', async () => {
  const { port: taken } = new URL((await open()).address)
  await expect(openPort({ host: '127.0.0.1', port: Number(taken), maxConnections: 1 }, () => [])).rejects.toMatchObject(
    { code: 'config-invalid', message: expect.stringContaining(`127.0.0.1:${taken} is taken`) }
  )
})
