import { describe, expect, it } from 'vitest'
import { troubleshootingPage } from './troubleshooting'

describe('docs/troubleshooting.md', () => {
  it('is generated from its table of codes; `npm run docs` writes it again', async () => {
    await expect(troubleshootingPage()).toMatchFileSnapshot('../../../docs/troubleshooting.md')
  })
})
