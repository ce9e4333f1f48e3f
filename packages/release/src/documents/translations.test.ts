import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ROOT } from '../packages'
import { documentText, isTranslation, pages } from './blocks'
import { codeOf, digestOf, originalOf, recorded, sectionsOf, translatedSectionsOf, type Section } from './translations'

/** `TRANSLATED=docs/zh-CN/PAGE.md` records that this page is up to date with the English one. */
const { TRANSLATED } = process.env

const translations = pages().filter(isTranslation)

it('finds the translations', () => expect(translations).toContain('docs/zh-CN/own-tasks.md'))

it('reads sections, and detects a changed one', () => {
  const english = '# One\n\nfirst\n\n```sh\n# two\nnpm test\n```\n\n## Two\n\nsecond\n'
  expect(sectionsOf(english).map(({ anchor }) => anchor)).toEqual(['one', 'two'])
  const marked = recorded('# 一\n<!-- en: one -->\n## 二\n<!-- en: two 00000000 -->\n', sectionsOf(english))
  const changed = sectionsOf(english.replace('second', 'other')).map(digestOf)
  expect(translatedSectionsOf('', marked).map(({ translated }, i) => translated === changed[i])).toEqual([true, false])
  expect(codeOf(english)).toEqual(codeOf('字\n```sh\nnpm test   # 说明\n```\n'))
  expect(codeOf(english)).not.toEqual(codeOf('```sh\nnpm start\n```\n'))
})

for (const file of translations) {
  const original = originalOf(file)

  it(`${file} and the English page link to each other`, () => {
    expect(original, `${file} links to [English](…)`).toBeDefined()
    const back = documentText(original!).matchAll(/\[中文\]\(([^)]+)\)/g)
    expect([...back].map(([, link]) => join(original!, '..', link!))).toContain(file)
  })

  it(`${file} has the commands and code of the English page, section by section`, () => {
    if (file === TRANSLATED)
      writeFileSync(join(ROOT, file), recorded(documentText(file), sectionsOf(documentText(original!))))
    const english = sectionsOf(documentText(original!))
    const sections = translatedSectionsOf(file, documentText(file))
    const different = sections.flatMap((section) => {
      const source = english.find(({ anchor }) => anchor === section.anchor)
      if (!source) return [`${section.anchor}: the English page has no such section`]
      expect.soft(codeOf(section.text), `${file}, ${section.anchor}`).toEqual(codeOf(source.text))
      return []
    })
    expect(different).toEqual([])
    for (const line of behind(file, english, sections)) console.warn(line)
  })
}

/** Sections of a translation whose English text has changed. Listed, not refused: whoever changes English need not know Chinese. */
function behind(file: string, english: readonly Section[], sections: readonly Section[]): string[] {
  return english.flatMap((source) => {
    const section = sections.find(({ anchor }) => anchor === source.anchor)
    if (section) return section.translated === digestOf(source) ? [] : [`${file}: "${source.anchor}" is behind`]
    return [`${file}: "${source.anchor}" is not translated`]
  })
}
