import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EnginePage } from '../support/engines/engine'
import { expect, test } from '../support/fixtures'
import { MODEL, ROOT } from '../support/paths'
import type { Site } from '../support/server'

/** Single texts with the ids that bert4keras and Python jieba gave them, `[CLS] text [SEP]`. */
interface Fixture {
  readonly single: readonly { readonly text: string; readonly ids: readonly number[] }[]
  readonly pair: readonly {
    readonly source: string
    readonly target: string
    readonly m64: { readonly ids: number[]; readonly segments: number[] }
  }[]
}

const shared = {
  texts: join(ROOT, '../shared/fixtures/tokenizer.json'),
  vocab: join(ROOT, '../shared/data/wobert-vocab.txt')
}
const own = {
  texts: join(ROOT, 'packages/core/fixtures/tokenizer.json'),
  vocab: join(ROOT, 'packages/core/fixtures/vocab.txt')
}

/** The model at /model/, with another vocabulary. */
function serveVocab(site: Site, path: string): void {
  const vocab = readFileSync(path)
  const manifest = JSON.parse(readFileSync(join(MODEL, 'manifest.json'), 'utf8')) as { files: Record<string, unknown> }
  manifest.files['vocab.txt'] = { bytes: vocab.length, sha256: createHash('sha256').update(vocab).digest('hex') }
  site.bend('manifest.json', (_request, response) => response.end(JSON.stringify(manifest)))
  site.bend('vocab.txt', (_request, response) => response.end(vocab))
}

/** What the package's worker makes of pairs, asked by its own messages. */
function encode(
  page: EnginePage,
  pairs: readonly { a: string; b: string }[],
  maxLength: number
): Promise<{ ids: number[]; segments: number[] }[]> {
  return page.evaluate(
    ({ pairs, maxLength }) =>
      new Promise((resolve, reject) => {
        const worker = new Worker('/pkg/worker.js', { type: 'module' })
        const options = {
          model: `${location.origin}/model/`,
          device: 'wasm',
          dtype: 'auto',
          threads: 1,
          cache: false,
          pageFetches: false
        }
        worker.onmessage = ({ data }) => {
          if (data.type === 'error') reject(new Error(data.error.message))
          if (data.type === 'load')
            worker.postMessage({ type: 'encode', id: 1, pairs, policy: { maxLength, truncation: 'longest-first' } })
          if (data.type === 'encode')
            resolve(
              data.pairs.map((pair: { tokenIds: Int32Array; segmentIds: Int32Array }) => ({
                ids: [...pair.tokenIds],
                segments: [...pair.segmentIds]
              }))
            )
        }
        worker.postMessage({ type: 'load', id: 0, options })
      }),
    { pairs, maxLength }
  )
}

for (const [name, source] of Object.entries({ shared, own })) {
  if (!existsSync(source.texts)) continue
  test(`the browser tokenizes as bert4keras and as Node do: ${name} fixture`, async ({ sdkPage, site }) => {
    const { single, pair } = JSON.parse(readFileSync(source.texts, 'utf8')) as Fixture
    serveVocab(site, source.vocab)
    const longest = Math.max(...single.map((one) => one.ids.length)) + 1
    const singles = await encode(
      sdkPage,
      single.map(({ text }) => ({ a: text, b: '' })),
      longest
    )
    const separator = single[0]!.ids.at(-1)!
    single.forEach(({ text, ids }, index) =>
      expect(singles[index]!.ids, JSON.stringify(text)).toEqual([...ids, separator])
    ) // an empty second text
    const pairs = await encode(
      sdkPage,
      pair.map(({ source, target }) => ({ a: source, b: target })),
      64
    )
    pair.forEach(({ m64 }, index) => expect(pairs[index]).toEqual(m64))
    console.log(`tokenizer, ${name} fixture: ${single.length} texts and ${pair.length} pairs, all ids equal`)
  })
}
