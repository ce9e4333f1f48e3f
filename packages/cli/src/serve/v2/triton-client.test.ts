import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { json } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { createMatcher, type Matcher } from '@sohu-match/sdk-node'
import { pythonWithTritonClient, writeTinyModel } from '@sohu-match/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { startServer, type Server } from '../serve'

const script = fileURLToPath(new URL('../../../tools/triton-client-check.py', import.meta.url))
const python = await pythonWithTritonClient()
const task = 'A-ss'
const a = ['今天天气', '明天', '', 'emoji 😀 and NUL \0', '今天'.repeat(200)]
const b = ['明天天气', '明天', '空', 'é\ufeff', '明天']

let matcher: Matcher<string> | undefined
let server: Server | undefined

afterAll(async () => {
  await server?.close()
  await matcher?.dispose()
})

// Only a machine without python3 leaves this out: the client is installed by the test itself, and without a network that fails.
describe.skipIf(python === undefined)("Triton's client of the open inference protocol", () => {
  it("understands every answer, and reads the SDK's scores", async () => {
    matcher = await createMatcher<string>({ model: writeTinyModel(), tasks: [task], device: 'cpu', threads: 1 })
    server = await startServer({
      matcher,
      version: '1.2.3',
      host: '127.0.0.1',
      port: 0,
      bodyLimit: 100_000,
      maxConnections: 10,
      maxPairs: 10,
      deadlineMs: 60_000,
      requestTimeoutMs: 60_000,
      apiKey: 'secret'
    })
    const { model, modelHash } = matcher.info
    const version = modelHash.slice(0, 12)
    const client = spawn(python!, [script], { stdio: ['pipe', 'pipe', 'inherit'] })
    client.stdin.end(JSON.stringify({ url: new URL(server.address).host, model, task, key: 'secret', a, b }))
    const ended = once(client, 'close')
    const found = await json(client.stdout).catch(() => undefined)
    expect(await ended).toEqual([0, null])

    const results = await matcher.matchMany(a.map((text, i) => ({ a: text, b: b[i]!, task })))
    const score = results.map((result) => result.score)
    expect(new Set(score).size).toBeGreaterThan(1)
    const truncated = results.map((result) => result.truncated)
    expect(new Set(truncated).size).toBe(2)
    const all = {
      score,
      label: results.map((result) => result.label),
      logits: results.map((result) => result.logits),
      token_count: results.map((result) => result.tokenCount),
      truncated
    }
    expect(found).toMatchObject({
      live: true,
      ready: true,
      modelReady: true,
      versionReady: true,
      otherReady: false,
      server: { name: 'sohu-match', version: '1.2.3', extensions: ['binary_tensor_data'] },
      metadata: { name: model, versions: [version], platform: 'sohu-match', inputs: [{ name: 'a' }, { name: 'b' }] },
      binary: all,
      json: { score },
      column: all,
      mixed: { score, truncated },
      byVersion: { model_name: model, model_version: version, id: 'r-7', outputs: all },
      async: all
    })
    expect(found).toMatchObject({
      refusals: {
        task: { status: '422', message: expect.stringContaining('C-ll') },
        input: { status: '422', message: 'There is no input "c"; the inputs are a and b.' },
        output: { status: '422', message: expect.stringContaining('There is no output "vector"') },
        classes: { status: '422', message: expect.stringContaining('classification') },
        gzip: { status: '415', message: expect.stringContaining('compressed') },
        model: { status: '404', message: expect.stringContaining(`"${model}" is served`) },
        version: { status: '404', message: expect.stringContaining(`"${version}", not "2"`) },
        key: { status: '401', message: expect.stringContaining('asks for a key') }
      }
    })
  })
})
