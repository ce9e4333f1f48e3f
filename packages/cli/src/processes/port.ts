import { once } from 'node:events'
import { createServer, isIPv6, type AddressInfo, type Socket } from 'node:net'
import { listenFailure, type ServeOptions } from '../serve/serve'
import type { Member } from './fork'

/** The one port of all processes. Whatever becomes of them, it stays open until it is closed. */
export interface Port {
  readonly address: string
  /** Hands over connections that have been waiting for a process. */
  flush(): void
  close(): void
}

/**
 * Listens, and gives each connection to the process that has the fewest; while there is none, up to `maxConnections` of them wait. Throws
 * `config-invalid` where the address cannot be listened on.
 */
export async function openPort(
  { host, port, maxConnections }: Pick<ServeOptions, 'host' | 'port' | 'maxConnections'>,
  members: () => readonly Member[]
): Promise<Port> {
  const waiting: Socket[] = []
  const give = (socket: Socket): void => {
    const [member] = members()
      .filter((one) => one.connections() < Infinity)
      .sort((one, other) => one.connections() - other.connections())
    if (member) member.give(socket, () => give(socket))
    else if (waiting.length < maxConnections) waiting.push(socket)
    else socket.destroy()
  }
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    socket.on('error', () => undefined) // its client has gone; the process that it is given to finds that out
    give(socket)
  })
  await once(server.listen(port, host), 'listening').catch((cause: NodeJS.ErrnoException) => {
    throw listenFailure(host, port, cause)
  })
  const { address, port: taken } = server.address() as AddressInfo
  return {
    address: `http://${isIPv6(address) ? `[${address}]` : address}:${taken}`,
    flush: () => waiting.splice(0).forEach(give),
    close() {
      server.close()
      for (const socket of waiting.splice(0)) socket.destroy()
    }
  }
}
