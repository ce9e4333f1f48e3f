import { afterEach, describe, expect, it, vi } from 'vitest'
import { createMatcher } from './create-matcher'
import { fileAddress } from './file-address'
import { folderAddress, type MatcherOptions } from './options'

afterEach(() => vi.unstubAllGlobals())

describe('createMatcher', () => {
  it.each([0, -1, NaN, 1.5, '2'])('refuses threads and workers %j', async (value) => {
    vi.stubGlobal('Worker', class {})
    for (const name of ['threads', 'workers'])
      await expect(createMatcher({ model: '/model/', [name]: value as number })).rejects.toMatchObject({
        code: 'input-invalid',
        message: expect.stringContaining(`${name} is`)
      })
  })

  it.each([undefined, null, {}, { model: '' }])('asks for a model where it is given %j', async (options) => {
    vi.stubGlobal('Worker', class {})
    await expect(createMatcher(options as unknown as MatcherOptions)).rejects.toMatchObject({
      code: 'input-invalid',
      message: expect.stringContaining('option model')
    })
  })

  it.each([{ signal: {} }, { onProgress: 5 }, { tasks: 'A-ss' }, { thresholds: null }])(
    'refuses %j',
    async (options) => {
      vi.stubGlobal('Worker', class {})
      await expect(createMatcher({ model: '/model/', ...options } as MatcherOptions)).rejects.toMatchObject({
        code: 'input-invalid',
        message: expect.stringContaining(Object.keys(options)[0]!)
      })
    }
  )

  it('says in a service worker what to use', async () => {
    vi.stubGlobal('ServiceWorkerGlobalScope', class {})
    await expect(createMatcher({ model: 'https://site.example/model/' })).rejects.toMatchObject({
      code: 'device-unavailable',
      message: expect.stringContaining('create the matcher in the page')
    })
  })
})

describe('addresses', () => {
  it('keep the query of the model', () => {
    vi.stubGlobal('location', { href: 'https://site.example/page' })
    const folder = folderAddress('/models/a?version=2&sig=x%2Fy', 'model')
    expect(folder).toBe('https://site.example/models/a/?version=2&sig=x%2Fy')
    expect(fileAddress(folder, 'onnx/model q8.onnx')).toBe(
      'https://site.example/models/a/onnx/model%20q8.onnx?version=2&sig=x%2Fy'
    )
    expect(folderAddress('/models/a/manifest.json?v=1', 'model')).toBe('https://site.example/models/a/?v=1')
    expect(fileAddress('https://site.example/a/', 'vocab.txt')).toBe('https://site.example/a/vocab.txt')
  })
})
