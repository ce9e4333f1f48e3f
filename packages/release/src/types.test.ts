import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, inject, it } from 'vitest'
import { ROOT } from './packages'
import { typeCheck } from './type-check'

const template = readFileSync(join(import.meta.dirname, '../templates/types.txt'), 'utf8')
const forNode =
  template.replaceAll('SDK', '@sohu-match/sdk-node').replaceAll('DEVICE', 'cuda') +
  `
import { model } from '@sohu-match/model-zh'
export const zh = createMatcher({ model })
`
const forWeb = template.replaceAll('SDK', '@sohu-match/sdk-web').replaceAll('DEVICE', 'wasm')

it.each([
  ['sdk-node', 'bundler', 'types.ts', forNode, 'node'],
  ['sdk-node', 'node16', 'types.mts', forNode, 'node'],
  ['sdk-node', 'node16', 'types.cts', forNode, 'node'],
  ['sdk-web', 'bundler', 'types.ts', forWeb, 'web'],
  ['sdk-web', 'node16', 'types.mts', forWeb, 'web']
] as const)(
  'the installed types of %s hold under moduleResolution %s, %s',
  async (name, resolution, file, text, platform) => {
    expect(
      await typeCheck(
        inject('project'),
        `types-${name}-${resolution}-${file}`,
        { [file]: text },
        { resolution, platform }
      )
    ).toBe('')
  }
)

it('the examples for pages type-check', async () => {
  const names = ['use-matcher.ts', 'match-texts.ts', 'offline.ts']
  const files = Object.fromEntries(
    names.map((name) => [name, readFileSync(join(ROOT, 'examples/browser', name), 'utf8')])
  )
  expect(await typeCheck(inject('project'), 'types-examples', files, { resolution: 'bundler', platform: 'web' })).toBe(
    ''
  )
})
