import { createHash } from 'node:crypto'
import type { FileProgress } from '@sohu-match/core'
import { describe, expect, it } from 'vitest'
import { createAssetLoader, type AssetLoaderContext } from './assets'
import type { Asset } from '../messages'
import type { Store } from './store'

const content = Uint8Array.from({ length: 500 }, (_, i) => i % 251)
const asset: Asset = {
  file: 'vocab.txt',
  url: 'https://models.example/vocab.txt',
  bytes: 500,
  sha256: createHash('sha256').update(content).digest('hex')
}
const manifest = 'https://models.example/manifest.json'

/** A store in memory; `refuse` makes every write fail. */
function memoryStore(refuse?: () => Error, times = new Map<string, number>(), clock = { now: Date.now() }) {
  const files = new Map<string, Uint8Array<ArrayBuffer>>()
  const store: Store = {
    kind: 'opfs',
    read: async (key) => files.get(key)?.slice(),
    async write(key, keep) {
      let bytes = files.get(key)?.slice(0, keep) ?? new Uint8Array(0)
      return {
        async write(chunk, offset) {
          if (refuse) throw refuse()
          bytes = Uint8Array.from([...bytes.subarray(0, offset), ...chunk])
          files.set(key, bytes)
          times.set(key, clock.now)
        },
        finish: async () => {},
        pause: async () => {}
      }
    },
    remove: async (key) => void files.delete(key),
    entries: async () => [...files.keys()].map((key) => ({ key, written: times.get(key) ?? 0 }))
  }
  return { store, files }
}

function loader(extra: Partial<AssetLoaderContext>) {
  const asked: string[] = []
  const progress: FileProgress[] = []
  const assets = createAssetLoader({
    fetch: async (url) => {
      asked.push(String(url))
      return new Response(String(url) === manifest ? 'manifest of today' : content.slice())
    },
    store: memoryStore().store,
    reasons: [],
    signal: new AbortController().signal,
    onProgress: (event) => progress.push(event),
    exclusively: (_key, work) => work(),
    delay: () => 0,
    ...extra
  })
  return { assets, asked, progress }
}

describe('createAssetLoader', () => {
  it('downloads once and then reads from storage, verified', async () => {
    const { store } = memoryStore()
    const first = loader({ store })
    expect(await first.assets.load(asset)).toEqual(content)
    expect(first.assets.report).toMatchObject({ fetchedBytes: 500, reusedBytes: 0, storage: 'opfs' })
    const second = loader({ store })
    expect(await second.assets.load(asset)).toEqual(content)
    expect(second.asked).toEqual([])
    expect(second.progress).toEqual([{ phase: 'verify', file: 'vocab.txt', loaded: 500, total: 500 }])
  })

  it('downloads a file again if it changed in storage', async () => {
    const { store, files } = memoryStore()
    files.set(asset.sha256, new Uint8Array(500))
    const { assets, asked } = loader({ store })
    expect(await assets.load(asset)).toEqual(content)
    expect(asked).toHaveLength(1)
    expect(files.get(asset.sha256)).toEqual(content)
  })

  it.each([
    new DOMException('full', 'QuotaExceededError'),
    Object.assign(new Error('File error: No device space'), { name: 'NS_ERROR_FILE_NO_DEVICE_SPACE' }) // Firefox 153's Cache API
  ])('loads without storage when the quota is used up ($name), says so, and leaves nothing half done', async (full) => {
    const { store, files } = memoryStore(() => full)
    const { assets } = loader({ store })
    expect(await assets.load(asset)).toEqual(content)
    expect(await assets.load(asset)).toEqual(content)
    expect(assets.report).toMatchObject({ storage: 'none', notes: [expect.stringContaining('quota')] })
    expect(files.size).toBe(0)
  })

  it('reports any other failure of storage and continues', async () => {
    const { assets } = loader({
      store: {
        ...memoryStore().store,
        read: async () => {
          throw new Error('disk on fire')
        }
      }
    })
    expect(await assets.load(asset)).toEqual(content)
    expect(assets.report.notes).toEqual([expect.stringContaining('disk on fire')])
  })

  it('reads the kept manifest when the network is gone, and only then', async () => {
    const { store } = memoryStore()
    expect(await loader({ store }).assets.loadText(manifest)).toBe('manifest of today')
    const offline = loader({
      store,
      fetch: async () => {
        throw new TypeError('offline')
      }
    })
    expect(await offline.assets.loadText(manifest)).toBe('manifest of today')
    expect(offline.assets.report.notes).toEqual([expect.stringContaining('copy kept here')])
    const gone = loader({ store, fetch: async () => new Response('', { status: 404 }) })
    await expect(gone.assets.loadText(manifest)).rejects.toMatchObject({ code: 'asset-missing' })
  })

  it('prunes what no kept manifest lists', async () => {
    const { store, files } = memoryStore()
    const { assets } = loader({ store })
    await assets.loadText(manifest)
    for (const key of ['used', 'runtime', 'old']) files.set(key, content)
    await assets.prune(
      (text) => (text === 'manifest of today' ? { name: 'm', hashes: ['used'] } : undefined),
      ['runtime']
    )
    expect([...files.keys()].filter((key) => !key.startsWith('manifest-')).sort()).toEqual(['runtime', 'used'])
  })

  it.each([
    ['keeps every file while another tab writes a manifest', 1_000, ['file']],
    ['removes the files of a tab that ended while it wrote one', 3_600_000, []]
  ])('%s', async (_name, age, files) => {
    const times = new Map<string, number>()
    const { store, files: stored } = memoryStore(undefined, times)
    stored.set('manifest-of-another-tab', new Uint8Array(0))
    times.set('manifest-of-another-tab', Date.now() - age)
    stored.set('file', content)
    await loader({ store }).assets.prune(() => undefined, [])
    expect([...stored.keys()].filter((key) => key === 'file')).toEqual(files)
  })

  describe('prunes models that are out of use', () => {
    /** Visits each address at its time, with a manifest that lists one file of its own; returns what is kept then. */
    async function visit(...visits: [url: string, name: string, day: number][]): Promise<string[]> {
      const clock = { now: 0 }
      const { store, files } = memoryStore(undefined, new Map(), clock)
      for (const [url, name, day] of visits) {
        clock.now = day * 24 * 3600 * 1000
        const fetch = async (): Promise<Response> => new Response(JSON.stringify({ name, hashes: [`file of ${url}`] }))
        const { assets } = loader({ store, fetch, now: () => clock.now })
        await assets.loadText(url)
        files.set(`file of ${url}`, content)
        await assets.prune((text) => JSON.parse(text), [])
      }
      const count = (prefix: string): number => [...files.keys()].filter((key) => key.startsWith(prefix)).length
      expect(count('manifest-')).toBe(count('file of'))
      return [...files.keys()].filter((key) => key.startsWith('file of')).map((key) => key.slice(8))
    }

    it('keeps the two releases of a name that were used last', async () => {
      expect(await visit(['/1/', 'a', 1], ['/2/', 'a', 2], ['/other/', 'b', 3], ['/3/', 'a', 4])).toEqual([
        '/2/',
        '/other/',
        '/3/'
      ])
      expect(await visit(['/1/', 'a', 1], ['/2/', 'a', 2], ['/1/', 'a', 3], ['/3/', 'a', 4])).toEqual(['/1/', '/3/'])
    })

    it('removes what was not used for 30 days, whatever its name', async () => {
      expect(await visit(['/1/', 'a', 1], ['/2/', 'b', 20], ['/3/', 'c', 40])).toEqual(['/2/', '/3/'])
    })

    it('recognizes a manifest whose address has a new signature at each visit', async () => {
      expect(await visit(['/1/?s=x', 'a', 1], ['/1/?s=y', 'a', 2])).toHaveLength(1)
    })
  })
})
