import { describe, expect, it } from 'vitest'
import { MatcherError } from '../errors'
import { fakeTokenizer } from './fake-engine.fixtures'
import { padBatch } from './batch'
import { createWorkerClient, type WorkerClient } from './worker-client'
import type { WorkerReply, WorkerRequest } from './worker-messages'
import { createWorkerServer, type WorkerRuntime } from './worker-server'

interface Info {
  readonly name: string
}

/** Client and server with structured clones in between, as between threads. */
function connect(changes: Partial<WorkerRuntime<Info>> = {}, load?: () => Promise<WorkerRuntime<Info>>) {
  const runtime: WorkerRuntime<Info> = {
    info: { name: 'w' },
    tokenizer: fakeTokenizer,
    run: async (batch) => new Float32Array(2 * batch.batch).fill(0.5),
    dispose: async () => undefined,
    ...changes
  }
  const server = createWorkerServer<string, Info>(
    (reply, transfer) => {
      const arrived = structuredClone(reply, { transfer }) as WorkerReply<Info>
      queueMicrotask(() => client.receive(arrived))
    },
    async (_, onProgress) => {
      onProgress({ phase: 'verify', file: 'x', loaded: 1, total: 2, overall: { loaded: 1, total: 2 } })
      return load ? load() : runtime
    }
  )
  const client: WorkerClient<string, Info> = createWorkerClient((request, transfer) => {
    void server(structuredClone(request, { transfer }) as WorkerRequest<string>)
  })
  return client
}

const policy = { maxLength: 16, truncation: 'longest-first' } as const

describe('worker messages', () => {
  it('loads with progress, encodes, runs and disposes', async () => {
    const client = connect()
    const seen: string[] = []
    expect(await client.load('model', (progress) => seen.push(progress.phase))).toEqual({ name: 'w' })
    expect(seen).toEqual(['verify'])
    const [pair] = await client.encode([{ a: 'ab', b: 'c' }], policy)
    expect(pair).toMatchObject({ pair: 0, tokenIds: Int32Array.of(1, 97, 98, 2, 99, 2) })
    const batch = padBatch([{ ...pair!, taskId: 3 }])
    expect(await client.run(batch)).toEqual(Float32Array.of(0.5, 0.5))
    expect(batch.tokenIds.length).toBe(0) // transferred, not copied
    await client.dispose()
    await expect(client.encode([{ a: '', b: '' }], policy)).rejects.toMatchObject({ code: 'disposed' })
  })

  it('rejects a load with what its listener throws', async () => {
    const listener = (): never => {
      throw new Error('of the listener')
    }
    await expect(connect().load('model', listener)).rejects.toThrow('of the listener')
  })

  it('scores pairs that fit one batch in one message, and otherwise only encodes them', async () => {
    const tasks: number[] = []
    const client = connect({
      async run({ batch, taskIds }) {
        tasks.push(...taskIds)
        return Float32Array.from({ length: 2 * batch }, (_, i) => i)
      }
    })
    await client.load('model')
    const pairs = [
      { a: 'ab', b: 'c', taskId: 4 },
      { a: 'abc', b: 'c', taskId: 1 }
    ]
    const { pairs: sequences, outputs } = await client.encodeAndRun(pairs, policy, { tokens: 64, padding: 0.1 })
    expect(sequences.map(({ pair, tokenIds }) => [pair, tokenIds.length])).toEqual([
      [0, 6],
      [1, 7]
    ])
    expect(outputs).toEqual(Float32Array.of(0, 1, 2, 3))
    expect(tasks).toEqual([4, 1])
    const tooLarge = await client.encodeAndRun(pairs, policy, { tokens: 13, padding: 0.1 })
    expect(tooLarge).toMatchObject({ pairs: sequences, outputs: undefined })
    expect(tasks).toHaveLength(2)
  })

  it('runs one batch after the other, also after one that failed', async () => {
    let running = 0
    let turn = 0
    const client = connect({
      async run() {
        expect(++running).toBe(1)
        await new Promise((resolve) => setTimeout(resolve, 1))
        running--
        if (turn++ === 0) throw new Error('device hiccup')
        return Float32Array.of(0, 1)
      }
    })
    await client.load('model')
    const batch = () => padBatch([{ tokenIds: Int32Array.of(1), segmentIds: Int32Array.of(0), taskId: 0 }])
    const [first, second] = await Promise.allSettled([client.run(batch()), client.run(batch())])
    expect(first).toMatchObject({ status: 'rejected', reason: { code: 'inference-failed', message: 'device hiccup' } })
    expect(second).toMatchObject({ status: 'fulfilled' })
  })

  it('carries code, message and cause of an error', async () => {
    const client = connect({}, async () => {
      throw new MatcherError('asset-corrupt', 'bad bytes', { cause: new Error('hash') })
    })
    await expect(client.load('model')).rejects.toMatchObject({
      name: 'MatcherError',
      code: 'asset-corrupt',
      message: 'bad bytes',
      cause: { message: 'hash' }
    })
  })

  it('rejects all pending and later calls when the worker is gone', async () => {
    const client = connect({ run: () => new Promise(() => undefined) })
    await client.load('model')
    const pending = client.run(padBatch([{ tokenIds: Int32Array.of(1), segmentIds: Int32Array.of(0), taskId: 0 }]))
    client.fail(new MatcherError('device-lost', 'gone'))
    await expect(pending).rejects.toMatchObject({ code: 'device-lost' })
    await expect(client.encode([], policy)).rejects.toMatchObject({ code: 'device-lost' })
  })
})
