import { SOHU_TASKS, type Manifest } from '@sohu-match/core'
import type { Origin } from '@sohu-match/node'
import { SMALL_CONFIG } from '@sohu-match/testing'
import { expect, it } from 'vitest'
import { taskCard } from './hugging-face'
import { modelCard } from './model-card'
import { f1At } from './model-folder'

const cardOf = (names: readonly string[], origin?: Origin): string => {
  const tasks = names.map((name, id) => ({ name, id, group: '', threshold: 0.5, f1: null }))
  const manifest: Manifest = {
    format: 1,
    name: 'm',
    tasks,
    maxLength: 40,
    tokenizer: { vocab: 'vocab.txt', lowercase: true },
    graphs: {},
    files: {}
  }
  return modelCard(manifest, SMALL_CONFIG, origin)
}

it('shows code that runs as pasted: it names the tasks of a model that has others than the six of Sohu', () => {
  expect(cardOf(['重复', "it's"])).toContain(
    `createMatcher({ model: 'path/or/url/of/this/folder/', tasks: ["重复","it's"] })`
  )
  expect(cardOf(['重复', "it's"])).toContain('under 2 tasks, made with')
  expect(cardOf(['重复'])).toContain('under one task, made with')
  expect(cardOf(['重复'])).toMatch(/matcher\.match\('[^']+', '[^']+', "重复"\)/)
  expect(cardOf(SOHU_TASKS.map(({ name }) => name))).toContain(
    `createMatcher({ model: 'path/or/url/of/this/folder/' })`
  )
})

it('states F1 only beside the threshold that it was measured at', () => {
  const metrics = { pairs: 9, f1: 0.7299, precision: 0.7, recall: 0.8, auc: 0.9 }
  expect(f1At(0.31, { ...metrics, f1: 0.9091, threshold: 0.31 })).toBe(0.9091)
  expect(f1At(0.31, { ...metrics, threshold: 0.5 })).toBeNull()
  expect(f1At(0.31, metrics)).toBeNull() // of before: at 0.5
  expect(f1At(0.5, metrics)).toBe(0.7299)
  expect(f1At(0.5, { ...metrics, f1: NaN })).toBeNull()
  expect(f1At(0.5, undefined)).toBeNull()
  expect(cardOf(['重复'])).toContain('| task | group | threshold | F1 at threshold |')
})

it('quotes name, author, licence and citation of the public weights that the network started from', () => {
  const origin: Origin = {
    name: 'some-encoder',
    description: 'sentence encoder',
    author: 'Some Laboratory',
    homepage: 'https://example.org/some-encoder',
    licence: 'MIT',
    licenceText: 'MIT License',
    citation: 'A. Author: Some Encoder. 2023.'
  }
  const task = { name: '重复', id: 0, group: '' }
  for (const [card, without] of [
    [cardOf(['重复'], origin), cardOf(['重复'])],
    [taskCard('m', task, 0.5, ['model.onnx'], origin), taskCard('m', task, 0.5, ['model.onnx'])]
  ] as const) {
    expect(card).toContain(`
## Origin

The weights started from those of [some-encoder](https://example.org/some-encoder), a sentence encoder, by Some Laboratory; licence MIT, whose text is in \`NOTICE\`.
Please cite: A. Author: Some Encoder. 2023.
`)
    expect(without).not.toContain('## Origin')
  }
})
