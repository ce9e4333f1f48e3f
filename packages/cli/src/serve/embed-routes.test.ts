import { afterEach, describe, expect, it } from 'vitest'
import { close, info, post } from './app.fixtures'

afterEach(close)

describe('vectors', () => {
  it('answers /embed as text-embeddings-inference does', async () => {
    expect((await post('/embed', { inputs: 'abc' })).body).toEqual([[3, 1]])
    const { body } = await post('/embed', { inputs: ['a', ''], task: 'A-ss' })
    expect(body).toEqual([
      [1, 1],
      [0, 1]
    ])
    expect(await post('/embed', { inputs: [] })).toMatchObject({ status: 400 })
    expect(await post('/embed', { inputs: 'a', normalize: false })).toMatchObject({ status: 422 })
    expect(await post('/embed', { inputs: Array.from({ length: 6 }, () => 'a') })).toMatchObject({
      status: 422,
      body: { error: 'The request has 6 texts; at most 5 are taken at once.' }
    })
  })

  it('answers /v1/embeddings as OpenAI does, in numbers or base64', async () => {
    const { body } = await post('/v1/embeddings', { input: ['ab', 'c'], model: 'any' })
    expect(body).toEqual({
      object: 'list',
      model: 'fake',
      model_hash: info.modelHash,
      data: [
        { object: 'embedding', index: 0, embedding: [2, 1] },
        { object: 'embedding', index: 1, embedding: [1, 1] }
      ]
    })
    const packed = await post('/v1/embeddings', { input: 'abcd', encoding_format: 'base64' })
    const [{ embedding }] = (packed.body as { data: [{ embedding: string }] }).data
    expect(new Float32Array(Uint8Array.from(Buffer.from(embedding, 'base64')).buffer)).toEqual(Float32Array.of(4, 1))
  })

  it("sends the model's hash with vectors, and refuses a client that has vectors of another model", async () => {
    for (const [path, name] of [
      ['/embed', 'inputs'],
      ['/v1/embeddings', 'input']
    ] as const) {
      const answer = await post(path, { [name]: 'a', model_hash: info.modelHash })
      expect([answer.status, answer.headers['x-model-hash']]).toEqual([200, info.modelHash])
      expect(await post(path, { [name]: 'a', model_hash: 'f'.repeat(64) })).toMatchObject({
        status: 409,
        body: { code: 'vectors-mismatch', error: expect.stringContaining('ffffffffffff, but fake (0123456789ab)') }
      })
    }
  })

  it('answers 422 if the model is a cross-encoder', async () => {
    expect(await post('/embed', { inputs: 'throw architecture-mismatch' })).toMatchObject({
      status: 422,
      body: { code: 'architecture-mismatch', error_type: 'Validation' }
    })
  })
})
