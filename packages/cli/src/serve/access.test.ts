import { afterEach, describe, expect, it } from 'vitest'
import { accessLine, type AccessEntry } from './access-log'
import type { AppOptions } from './app'
import { close, create, post } from './app.fixtures'

afterEach(close)

describe('access', () => {
  const get = async (options: Partial<AppOptions>, headers: Record<string, string>, url = '/info') =>
    (await create(options)).inject({ url, headers })

  it.each<[string, string, number]>([
    ['127.0.0.1', 'localhost:8080', 200],
    ['127.0.0.1', '127.0.0.1', 200],
    ['localhost', '[::1]:8080', 200],
    ['::1', 'LOCALHOST', 200],
    ['127.0.0.1', 'inside.example:8080', 200],
    ['127.0.0.1', 'attacker.example', 403],
    ['127.0.0.1', '127.0.0.1.attacker.example:8080', 403],
    ['127.0.0.1', '127.attacker.example', 403],
    ['0.0.0.0', 'match.example.org', 200]
  ])('on %s answers the Host header %s with %i', async (host, header, status) => {
    const answer = await get({ host, allowedHosts: ['inside.example'] }, { host: header })
    expect(answer.statusCode).toBe(status)
    if (status === 403) expect(answer.json()).toMatchObject({ code: 'host-unknown' })
  })

  it('requires the key, except for probes', async () => {
    const options = { apiKey: 'secret' }
    expect((await get(options, {})).json()).toMatchObject({ code: 'unauthorized', error_type: 'Validation' })
    expect(await get(options, { authorization: 'Bearer wrong' })).toMatchObject({
      statusCode: 401,
      headers: { 'www-authenticate': 'Bearer' }
    })
    expect((await get(options, { authorization: 'Bearer secret' })).statusCode).toBe(200)
    expect((await get(options, {}, '/health')).statusCode).toBe(200)
    expect((await get(options, {}, '/ready')).statusCode).toBe(200)
    expect((await get(options, {}, '/nothing')).statusCode).toBe(401)
    expect((await post('/match', 'not read', options)).status).toBe(401)
  })

  it('lets pages of the named origins read responses, including errors', async () => {
    const corsOrigins = ['https://a.example']
    const allowed = await get({ corsOrigins }, { origin: 'https://a.example' }, '/nothing')
    expect(allowed.headers).toMatchObject({ 'access-control-allow-origin': 'https://a.example', vary: 'Origin' })
    const other = await get({ corsOrigins }, { origin: 'https://b.example' })
    expect(other.headers['access-control-allow-origin']).toBeUndefined()
    expect(other.headers.vary).toBe('Origin')
    expect((await get({}, { origin: 'https://a.example' })).headers['access-control-allow-origin']).toBeUndefined()
    const any = await get({ corsOrigins: ['*'] }, { origin: 'https://b.example' })
    expect(any.headers['access-control-allow-origin']).toBe('*')
  })

  it('answers preflight requests without a key', async () => {
    const server = await create({ corsOrigins: ['https://a.example'], apiKey: 'secret' })
    const preflight = (origin: string) =>
      server.inject({
        method: 'OPTIONS',
        url: '/match',
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' }
      })
    expect(await preflight('https://a.example')).toMatchObject({
      statusCode: 204,
      headers: { 'access-control-allow-headers': 'authorization, content-type, x-request-id' }
    })
    expect((await preflight('https://b.example')).statusCode).toBe(401)
  })
})

describe('the access log', () => {
  it('has ids, routes and codes, and no text', async () => {
    const entries: AccessEntry[] = []
    const server = await create({ onAccess: (entry) => entries.push(entry) })
    await server.listen({ port: 0, host: '127.0.0.1' })
    const { port } = server.server.address() as { port: number }
    const headers = { 'content-type': 'application/json', 'x-request-id': 'mine-1' }
    const send = (path: string, body: object, more = {}) =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { ...headers, ...more }
      })
    const answer = await send('/match?q=private', { pairs: [{ a: 'private', b: 'x' }, { a: 'private', b: 'x' }] }) // prettier-ignore
    expect(answer.headers.get('x-request-id')).toBe('mine-1')
    await answer.text()
    await (await send('/private', {}, { 'x-request-id': 'not a word' })).text()
    await (await send('/match', { a: 'throw queue-full', b: '' })).text()
    while (entries.length < 3) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(entries).toMatchObject([
      { id: 'mine-1', method: 'POST', route: '/match', status: 200, pairs: 2 },
      { id: expect.stringMatching(/^[0-9a-f-]{36}$/), route: 'unknown', status: 404, code: 'route-unknown' },
      { status: 429, code: 'queue-full', pairs: 1 }
    ])
    for (const format of ['json', 'text'] as const)
      expect(entries.map((entry) => accessLine(entry, format)).join()).not.toContain('private')
    expect(accessLine({ ...entries[2]!, time: 'now', id: 'i', ms: 1.5 }, 'text')).toBe(
      'now i POST /match 429 1.5 ms, 1 pairs, queue-full'
    )
  })
})
