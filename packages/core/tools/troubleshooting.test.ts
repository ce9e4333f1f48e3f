import { describe, expect, it } from 'vitest'
import { troubleshootingPage } from './troubleshooting'

describe('docs/troubleshooting.md', () => {
  it('is what its table of codes gives; `npm run docs` writes it anew', async () => {
    await expect(troubleshootingPage()).toMatchFileSnapshot('../../../docs/troubleshooting.md')
  })
})
