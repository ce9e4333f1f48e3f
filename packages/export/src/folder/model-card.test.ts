import { SOHU_TASKS, type Manifest } from '@sohu-match/core'
import { SMALL_CONFIG } from '@sohu-match/testing'
import { expect, it } from 'vitest'
import { modelCard } from './model-card'

const cardOf = (names: readonly string[]): string => {
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
  return modelCard(manifest, SMALL_CONFIG)
}

it('shows code that runs as pasted: it names the tasks of a model that has others than the six of Sohu', () => {
  expect(cardOf(['重复', "it's"])).toContain(
    `createMatcher({ model: 'path/or/url/of/this/folder/', tasks: ["重复","it's"] })`
  )
  expect(cardOf(['重复'])).toMatch(/matcher\.match\('[^']+', '[^']+', "重复"\)/)
  expect(cardOf(SOHU_TASKS.map(({ name }) => name))).toContain(
    `createMatcher({ model: 'path/or/url/of/this/folder/' })`
  )
})
