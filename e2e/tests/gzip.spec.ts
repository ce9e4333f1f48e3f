import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Asset } from '@sohu-match/sdk-web'
import { expect, test } from '../support/fixtures'
import { load, match } from '../support/page-calls'
import { MODEL } from '../support/paths'
import type { Handler } from '../support/server'

const GRAPH = 'onnx/model_int8.onnx'

/** Answers with the gzipped content of the file that the address names without `.gz`. */
const sibling =
  (headers: Record<string, string> = {}): Handler =>
  (_request, response, file) =>
    response.writeHead(200, headers).end(gzipSync(readFileSync(file.slice(0, -3))))

test('loads gzipped siblings, also those that the browser unpacks, and a file itself where its sibling is missing', async ({
  sdkPage,
  site
}) => {
  site.bend(`${GRAPH}.gz`, sibling())
  site.bend('vocab.txt.gz', sibling({ 'content-encoding': 'gzip', 'content-type': 'text/plain' }))
  const { info, error, progress } = await load(sdkPage, { gzip: true })
  expect(error).toBeUndefined()
  expect(info!.notes).toContainEqual(expect.stringMatching(/dictionary\.bin\.gz responded with 404.*itself is fetched/))
  const asked = site.hits.map(({ path }) => path).filter((path) => path.startsWith('/model/'))
  const files = ['manifest.json', `${GRAPH}.gz`, 'vocab.txt.gz', 'dictionary.bin.gz', 'dictionary.bin']
  expect(asked.sort()).toEqual(files.map((file) => `/model/${file}`).sort())

  const sums = progress.map(({ overall }) => overall.loaded)
  expect(sums).toEqual([...sums].sort((one, other) => one - other))
  expect(progress.at(-1)!.overall).toEqual({ loaded: sums.at(-1)!, total: sums.at(-1)! })
  expect(info!.fetchedBytes).toBe(sums.at(-1))
  const { score } = await match(sdkPage)

  const kept = await load(sdkPage) // files are kept unpacked, so it does not matter how they were sent
  expect(kept.info).toMatchObject({ fetchedBytes: 0, reusedBytes: info!.fetchedBytes })
  expect(await match(sdkPage)).toEqual({ score })
  const listed = (await sdkPage.evaluate(() =>
    sdk.listAssets({ model: '/model/', device: 'wasm', gzip: true })
  )) as Asset[]
  const graph = { file: GRAPH, url: `${site.origin}/model/${GRAPH}.gz`, bytes: statSync(join(MODEL, GRAPH)).size }
  expect(listed).toContainEqual(expect.objectContaining(graph))
})
