import AxeBuilder from '@axe-core/playwright'
import { statSync } from 'node:fs'
import type { Page } from '@playwright/test'
import { expect, test } from '../support/fixtures'

/** A model of 18 MB on a busy machine: compiling it and judging long texts may take a while. */
const PATIENT = { timeout: 60_000 }
/** Longer than the texts that count as short. */
const LONG =
  '记者从轨道交通集团获悉，连接老城和机场的地铁新线将于周六早上六点半开通。线路全长二十八公里，设十九座车站，全程约四十分钟。'

test.beforeEach(() => test.setTimeout(240_000))

async function open(page: Page, origin: string): Promise<void> {
  await page.goto(`${origin}/demo/index.html`)
  await expect(page.locator('#status')).toContainText(/已就绪|Ready/, PATIENT)
}

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(() => Promise.allSettled(document.getAnimations().map(({ finished }) => finished))) // bars move
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
  await expect(page.locator('#sentence')).toContainText(/^The two texts (are about|have)/)
  await tabTo(page, '#others summary')
  await page.keyboard.press('Enter')
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
    for (const summary of await page.locator('summary').all()) await summary.click()
    await page.locator('#rank button').click()
    await expect(page.locator('#ranking li')).toHaveCount(5, PATIENT)
    expect(await violations(page)).toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
    await expect(page.locator('html')).toHaveAttribute('lang', language === 'zh' ? 'zh-CN' : 'en')
  })
}

test('the verdict is that of the tasks for the lengths, whichever text is longer, and shared words are marked', async ({
  page,
  site
}) => {
  await page.addInitScript(() => localStorage.setItem('language', 'en'))
  await open(page, site.origin)
  await expect(page.locator('#sentence')).toContainText('two texts', PATIENT)
  await expect(page.locator('#read mark')).toHaveText(['禾塘大桥', '禾塘大桥'])
  await expect(page.locator('#scores')).toContainText('Same event · short · short')
  const long = LONG
  const scores: string[] = []
  for (const [a, b] of [
    ['地铁新线开通', long],
    [long, '地铁新线开通']
  ] as const) {
    await judge(page, a, b)
    await expect(page.locator('#scores')).toContainText('Same event · short · long')
    scores.push((await page.locator('#scores').textContent())!)
  }
  expect(scores[0]).toBe(scores[1])
  await judge(page, long, long)
  await expect(page.locator('#scores')).toContainText('Same event · long · long')
  await expect(page.locator('#read mark').first()).toBeVisible()
})

test('a text that is too long shows what was cut, and can be read in windows', async ({ page, site }) => {
  await page.addInitScript(() => localStorage.setItem('language', 'en'))
  await open(page, site.origin)
  await expect(page.locator('#windows')).toBeHidden()
  await judge(page, '地铁新线开通', LONG.repeat(10))
  await expect(page.locator('.cut')).toHaveText(/read about [45]\d\d characters; the [\d,]+ that are struck out/)
  expect((await page.locator('#read del').textContent())!.length).toBeGreaterThan(50)
  expect(await violations(page)).toEqual([])
  await page.locator('#windows').check()
  await expect(page.locator('#timing')).toContainText(/ms/, PATIENT)
  await expect(page.locator('.cut')).toHaveCount(0, PATIENT)
  await expect(page.locator('#timing')).not.toContainText('truncated')
})

test('a link carries both texts without a server, and ranking takes 200 lines', async ({ page, site, context }) => {
  await page.addInitScript(() => localStorage.setItem('language', 'en'))
  await open(page, site.origin)
  const [a, b] = ['转发：“地铁”通了吗？', `${LONG}\n第二段 & #`]
  await judge(page, a, b)
  const asked: string[] = []
  page.on('request', (request) => asked.push(request.url()))
  await page.locator('#share').click()
  await expect(page.locator('#shared')).toContainText('no server keeps them')
  expect(asked.filter((url) => !url.includes('/icon'))).toEqual([]) // browsers look at the icon again when the address changes
  const other = await context.newPage()
  await other.goto(page.url())
  await expect(other.locator('#text-a')).toHaveValue(a)
  await expect(other.locator('#text-b')).toHaveValue(b)
  await other.close()

  await page.locator('#candidates').fill(Array.from({ length: 210 }, (_, i) => `第${i}条候选`).join('\n'))
  const observed = await page.locator('#rank-progress').evaluateHandle((bar: HTMLElement) => ({
    shown: new Promise((resolve) => {
      new MutationObserver(() => resolve(!bar.hidden)).observe(bar, { attributeFilter: ['hidden'] })
    })
  }))
  await page.locator('#rank button').click()
  expect(await observed.evaluate(({ shown }) => shown)).toBe(true)
  await expect(page.locator('#ranking li')).toHaveCount(200, PATIENT)
  await expect(page.locator('#rank-timing')).toContainText('10 left out')
  await expect(page.locator('#rank-progress')).toBeHidden()
})

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

async function judge(page: Page, a: string, b: string): Promise<void> {
  await expect(page.locator('#sentence')).not.toBeEmpty(PATIENT) // the page judges its first example by itself
  await page.locator('#text-a').fill(a)
  await page.locator('#text-b').fill(b)
  await page.locator('#timing').evaluate((output) => {
    output.textContent = ''
  })
  await page.locator('#pair button.main').click()
  await expect(page.locator('#timing')).toContainText(/ms/, PATIENT)
}

async function tabTo(page: Page, selector: string): Promise<void> {
  for (let i = 0; i < 30; i++) {
    if (await page.locator(selector).evaluate((node) => node === document.activeElement)) return
    await page.keyboard.press('Tab')
  }
  await expect(page.locator(selector)).toBeFocused()
}
