import { statSync } from 'node:fs'
import type { EnginePage } from '../support/engines/engine'
import { expect, test } from '../support/fixtures'

// Chromium has its own, closer tests of this page: demo.spec.ts

/** A model of 18 MB on a busy machine: compiling it and judging long texts may take a while. */
const PATIENT = { timeout: 60_000 }
test.beforeEach(() => test.setTimeout(240_000))

const textOf = (page: EnginePage, selector: string): Promise<string> =>
  page.evaluate((selector) => document.querySelector(selector)?.textContent ?? '', selector)

const countOf = (page: EnginePage, selector: string): Promise<number> =>
  page.evaluate((selector) => document.querySelectorAll(selector).length, selector)

const isFocused = (page: EnginePage, selector: string): Promise<boolean> =>
  page.evaluate((selector) => document.activeElement === document.querySelector(selector), selector)

/** Opens the demo page in English. */
async function openDemo(page: EnginePage, origin: string): Promise<void> {
  await page.evaluate(() => localStorage.setItem('language', 'en'))
  await page.goto(`${origin}/demo/index.html`)
}

async function tabTo(page: EnginePage, selector: string): Promise<void> {
  for (let i = 0; i < 30 && !(await isFocused(page, selector)); i++) await page.press('Tab')
  expect(await isFocused(page, selector), selector).toBe(true)
}

test('the demo page matches and ranks, from the first key to the last without a mouse', async ({ sdkPage, site }) => {
  await openDemo(sdkPage, site.origin)
  await expect.poll(() => textOf(sdkPage, '#status'), PATIENT).toContain('Ready')
  await expect.poll(() => textOf(sdkPage, '#sentence'), PATIENT).not.toBe('') // of the page's first example
  await tabTo(sdkPage, '#text-a')
  await sdkPage.press('Control+A')
  await sdkPage.type('地铁新线月底开通')
  await tabTo(sdkPage, '#text-b')
  await sdkPage.press('Control+A')
  await sdkPage.type('城东地铁新线将于月底开通运营')
  await sdkPage.evaluate(() => {
    document.querySelector('#timing')!.textContent = ''
  })
  await sdkPage.press('Control+Enter')
  await expect.poll(() => textOf(sdkPage, '#timing'), PATIENT).toMatch(/\d+ ms · \d+ tokens · wasm/)
  expect(await textOf(sdkPage, '#sentence')).toMatch(/^The two texts (are about|have)/)
  await expect.poll(() => countOf(sdkPage, '.scores [role=meter]')).toBe(6)
  await tabTo(sdkPage, '#rank button')
  await sdkPage.press('Enter')
  await expect.poll(() => countOf(sdkPage, '#ranking li'), PATIENT).toBe(5)
  expect(await sdkPage.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
})

test('the demo page shows a download, cancels it, and loads again', async ({ sdkPage, site }) => {
  site.bend(
    'model_int8.onnx',
    (_request, response, file) =>
      void response.writeHead(200, { 'content-length': statSync(file).size }).write(Buffer.alloc(500_000))
  )
  await openDemo(sdkPage, site.origin)
  await expect.poll(() => countOf(sdkPage, 'progress[max]'), PATIENT).toBeGreaterThan(0)
  await sdkPage.evaluate(() =>
    [...document.querySelectorAll('button')].find(({ textContent }) => textContent === 'Cancel')!.click()
  )
  await expect.poll(() => textOf(sdkPage, '#status'), PATIENT).toContain('Cancelled')
  site.mend()
  await sdkPage.evaluate(() => {
    const device = document.querySelector<HTMLSelectElement>('#device')!
    device.value = 'wasm'
    device.dispatchEvent(new Event('change', { bubbles: true }))
  })
  await expect.poll(() => textOf(sdkPage, '#status'), PATIENT).toContain('Ready · wasm')
})
