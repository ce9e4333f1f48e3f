import AxeBuilder from '@axe-core/playwright'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@playwright/test'
import { ROOT } from '../support/paths'

/** The trainer's pages, of two runs that take seconds. */
const folder = mkdtempSync(join(tmpdir(), 'sohu-match-report-'))
const PAGES = ['runs/one/report.html', 'comparison.html', 'errors.html']

function train(...args: string[]): void {
  const env = { ...process.env, INIT_CWD: folder } // npm and Nx name their own folder there, and paths are relative to it
  const command = [join(ROOT, 'packages/train/dist/cli.js'), ...args]
  execFileSync(process.execPath, command, { cwd: folder, env, stdio: ['ignore', 'ignore', 'inherit'] })
}

test.beforeAll(() => {
  test.setTimeout(240_000)
  const pairs = Array.from({ length: 150 }, (_, i) => {
    const place = `${'东西南北'[i % 4]}城${i}路`
    return i % 3
      ? `${place}地铁通车\t大雨停课${i}天，${'道路积水，'.repeat(40)}\t0`
      : `${place}地铁通车\t${place}的地铁开通了\t1`
  })
  writeFileSync(join(folder, 'pairs.tsv'), `sentence1\tsentence2\tlabel\n${pairs.join('\n')}\n`)
  const tiny = [
    'model.hidden_size=16',
    'model.num_hidden_layers=1',
    'model.intermediate_size=16',
    'model.vocab_size=200'
  ]
  const flags = ['--data', 'pairs.tsv', '--preset', 'smoke', '--set', ...tiny, 'model.num_attention_heads=2']
  train('sohu', '--out', 'runs/one', ...flags, 'epochs=2')
  train('sohu', '--out', 'runs/other', ...flags, 'epochs=1')
  train('compare', 'runs/one', 'runs/other', '--out', 'comparison.html')
  train('errors', '--checkpoint', 'runs/one/best', '--data', 'pairs.tsv', '--split', 'all', '--out', 'errors.html')
})
test.afterAll(() => rmSync(folder, { recursive: true }))

for (const [width, colorScheme] of [
  [1280, 'light'],
  [390, 'dark']
] as const) {
  test(`the trainer's pages have no accessibility violation and fit ${width} px: ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize({ width, height: 900 })
    for (const name of PAGES) {
      await page.goto(`file://${join(folder, name)}`)
      for (const summary of await page.locator('summary').all()) await summary.click()
      const { violations } = await new AxeBuilder({ page }).analyze()
      expect(violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${name}: ${id}: ${html}`))).toEqual([])
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), name).toBe(true)
    }
  })
}

test('a table that is wider than a phone scrolls by keyboard', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 })
  await page.goto(`file://${join(folder, 'comparison.html')}`)
  const table = page.locator('.scroll').first()
  expect(await table.evaluate((node) => node.scrollWidth > node.clientWidth)).toBe(true)
  await table.focus()
  await page.keyboard.press('ArrowRight')
  await expect.poll(() => table.evaluate((node) => node.scrollLeft)).toBeGreaterThan(0)
})
