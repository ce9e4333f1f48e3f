import { setTimeout } from 'node:timers/promises'

/** A session of WebDriver (w3.org/TR/webdriver2): one browser, one current window. */
export interface WebDriver {
  readonly capabilities: { readonly browserName: string; readonly browserVersion: string }
  /** Sends a command of the session, to which paths are relative. Throws the driver's error. */
  send<T>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<T>
  /** Sends a command to a window, unaffected by concurrent commands to other windows. */
  sendTo<T>(window: string, method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<T>
  close(): Promise<void>
}

/** Opens a session of the driver at `address`, which may still be starting. */
export async function openWebDriver(address: string, capabilities: object): Promise<WebDriver> {
  await untilReady(address)
  const session = await request<WebDriver & { sessionId: string }>('POST', `${address}/session`, {
    capabilities: { alwaysMatch: capabilities }
  })
  const base = `${address}/session/${session.sessionId}`
  let turn: Promise<unknown> = Promise.resolve()
  const send: WebDriver['send'] = (method, path, body) => {
    const answer = turn.then(() => request<never>(method, base + path, body))
    turn = answer.catch(() => undefined) // its caller gets the error
    return answer
  }
  return {
    capabilities: session.capabilities,
    send,
    async sendTo(window, method, path, body) {
      const switched = send('POST', '/window', { handle: window })
      const answer = send<never>(method, path, body) // queued before any other command can be
      await switched
      return answer
    },
    close: () => send('DELETE', '')
  }
}

async function untilReady(address: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await request('GET', `${address}/status`)
      return
    } catch (error) {
      if (tries === 600) throw error
      await setTimeout(50)
    }
  }
}

async function request<T>(method: string, address: string, body?: object): Promise<T> {
  const response = await fetch(address, { method, body: body && JSON.stringify(body) })
  const { value } = (await response.json()) as { value: T & { error?: string; message?: string } }
  if (!response.ok) throw new Error(`${method} ${address} failed: ${value.error} ${value.message}`)
  return value
}
