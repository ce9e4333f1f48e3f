import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, openSdkPage, openSite, test } from '../support/fixtures'
import { ROOT } from '../support/paths'
import { ISOLATION } from '../support/server'

/** The cells of the README's table of engines in the column of a product, by the first cell of their row. */
function column(product: string): Record<string, string> {
  const rows = readFileSync(join(ROOT, 'README.md'), 'utf8')
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
  const head = rows.findIndex((cells) => cells.includes('WebKitGTK 2.50'))
  const index = rows[head]!.findIndex((cell) => cell.startsWith(product))
  const end = rows.findIndex((cells, i) => i > head && cells.length === 1)
  return Object.fromEntries(rows.slice(head + 2, end).map((cells) => [cells[1], cells[index]!]))
}

test("the README's table says what this engine has", async ({ engine, sdkPage }) => {
  const isolated = await openSite(ISOLATION)
  await openSdkPage(sdkPage, isolated)
  const found = await sdkPage.evaluate(async () => ({
    WebGPU: 'gpu' in navigator && (await navigator.gpu.requestAdapter()) !== null,
    'threads, on a cross-origin isolated page': typeof SharedArrayBuffer !== 'undefined',
    'files are kept in OPFS; else in the Cache API': typeof navigator.storage?.getDirectory === 'function',
    'tasks over 50 ms on the page can be measured': PerformanceObserver.supportedEntryTypes.includes('longtask')
  }))
  await isolated.close()
  console.log(`${engine.version}: ${JSON.stringify(found)}`)
  const words = Object.entries(found).map(([row, has]) => [row, has ? 'yes' : 'no'])
  expect(column(engine.version.split(' ')[0]!)).toMatchObject(Object.fromEntries(words))
})
