import AxeBuilder from '@axe-core/playwright'
import { statSync } from 'node:fs'
import type { Page } from '@playwright/test'
import { expect, test } from '../support/fixtures'

/** A model of 18 MB on a busy machine: compiling it and judging long texts may take a while. */
const PATIENT = { timeout: 60_000 }
test.beforeEach(() => test.setTimeout(240_000))

async function open(page: Page, origin: string): Promise<void> {
  await page.goto(`${origin}/demo/index.html`)
  await expect(page.locator('#status')).toContainText(/已就绪|Ready/, PATIENT)
}

async function violations(page: Page): Promise<string[]> {
  await page.waitForTimeout(300) // bars move for 250 ms
  const { violations } = await new AxeBuilder({ page }).analyze()
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html}`))
}

test('the demo page is used from the first key to the last without a mouse', async ({ page, site }) => {
  await page.addInitScript(() => localStorage.setItem('language', 'en'))
  await open(page, site.origin)
  await page.keyboard.press('Tab')
  await expect(page.locator('.skip')).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(page.locator('main')).toBeFocused()
  await tabTo(page, '#text-a')
  await page.keyboard.press('Control+A')
  await page.keyboard.type('地铁新线月底开通')
  await page.keyboard.press('Tab')
  await expect(page.locator('#text-b')).toBeFocused()
  await page.keyboard.press('Control+A')
  await page.keyboard.type('城东地铁新线将于月底开通运营')
  await page.locator('#timing').evaluate((output) => {
    output.textContent = ''
  })
  await page.keyboard.press('Control+Enter')
  await expect(page.locator('#timing')).toContainText(/\d+ ms · \d+ tokens · wasm/, PATIENT)
  const meters = page.getByRole('meter')
  await expect(meters).toHaveCount(6)
  await expect(meters.first()).toHaveAccessibleName('Same topic, short · short')
  await expect(meters.first()).toHaveAttribute('aria-valuetext', /score [01]\.\d{3}, threshold 0\.\d\d, (no )?match/)
  await tabTo(page, '#rank button')
  await page.keyboard.press('Enter')
  await expect(page.locator('#ranking li')).toHaveCount(5, PATIENT)
  const scores = await page
    .locator('#ranking [role=meter]')
    .evaluateAll((bars) => bars.map((bar) => Number(bar.getAttribute('aria-valuenow'))))
  expect(scores).toEqual([...scores].sort((one, other) => other - one))
  await expect(page.locator('#rank-timing')).toContainText(/5 pairs · total [\d,]+ ms/)
})

for (const [scheme, language, viewport] of [
  ['light', 'zh', { width: 1200, height: 900 }],
  ['dark', 'en', { width: 390, height: 844 }]
] as const) {
  test(`the demo page has no accessibility violation and no sideways scrolling: ${scheme}, ${language}, ${viewport.width} px`, async ({
    page,
    site
  }) => {
    await page.addInitScript((language) => localStorage.setItem('language', language), language)
    await page.emulateMedia({ colorScheme: scheme })
    await page.setViewportSize(viewport)
    await open(page, site.origin)
    await page.locator('summary').click()
    await page.locator('#rank button').click()
    await expect(page.locator('#ranking li')).toHaveCount(5, PATIENT)
    expect(await violations(page)).toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
    await expect(page.locator('html')).toHaveAttribute('lang', language === 'zh' ? 'zh-CN' : 'en')
  })
}

test('the demo page shows downloads as they come, cancels them, and has no violation meanwhile', async ({
  page,
  site
}) => {
  await page.addInitScript(() => localStorage.setItem('language', 'en'))
  site.bend(
    'model_int8.onnx',
    (_request, response, file) =>
      void response.writeHead(200, { 'content-length': statSync(file).size }).write(Buffer.alloc(500_000))
  )
  await page.goto(`${site.origin}/demo/index.html`)
  await expect(page.getByRole('progressbar', { name: 'onnx/model_int8.onnx' })).toHaveAttribute('max', /\d+/)
  await expect(page.locator('#pair button.main')).toBeDisabled()
  expect(await violations(page)).toEqual([])
  await page.getByRole('button', { name: 'Cancel' }).click()
  await expect(page.locator('#status')).toContainText('Cancelled')
  site.mend()
  await page.locator('#device').selectOption('wasm')
  await expect(page.locator('#status')).toContainText('Ready', PATIENT)
  await page.locator('#device').selectOption('webgpu')
  await page.locator('#device').selectOption('wasm')
  await expect(page.locator('#status')).toContainText('Ready · wasm', PATIENT)
})

test('the demo page changes language and appearance, and remembers both', async ({ page, site }) => {
  await open(page, site.origin)
  await page.locator('#theme').selectOption('dark')
  const before = await page.locator('h1').textContent()
  await page.locator('#language').click()
  await expect(page.locator('h1')).not.toHaveText(before!)
  const after = await page.locator('h1').textContent()
  await page.reload()
  await expect(page.locator('h1')).toHaveText(after!)
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark')
})

test('the demo page says what went wrong', async ({ page, site }) => {
  site.bend('manifest.json', (_request, response) => response.writeHead(404).end())
  await page.goto(`${site.origin}/demo/index.html`)
  await expect(page.locator('#status')).toContainText('asset-missing')
})

async function tabTo(page: Page, selector: string): Promise<void> {
  for (let i = 0; i < 30; i++) {
    if (await page.locator(selector).evaluate((node) => node === document.activeElement)) return
    await page.keyboard.press('Tab')
  }
  await expect(page.locator(selector)).toBeFocused()
}
