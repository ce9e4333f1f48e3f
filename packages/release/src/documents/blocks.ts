import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../packages'

/** A fenced block of a document. */
export interface Block {
  /** Path from the repository's root. */
  readonly file: string
  /** Line of its first line of code, from 1. */
  readonly line: number
  /** The language of the opening fence: `sh`, `js`, … */
  readonly language: string
  readonly code: string
}

/** Whether a page is a translation. Translations are compared with the English pages instead of being run as well. */
export const isTranslation = (file: string): boolean => /(^|\/)zh-CN\/|\.zh-CN\.md$/.test(file)

/** Paths of the documents whose blocks are checked: the English ones. Translations must have the same blocks (translations.test.ts). */
export const documents = (): string[] => pages().filter((file) => !isTranslation(file))

/** Paths of all documents of the repository, including untracked ones. The changelog is left out: it quotes commits, not commands. */
export function pages(): string[] {
  const listed = execFileSync(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate', '*.md'],
    { cwd: ROOT, encoding: 'utf8' }
  )
  return listed.split('\n').filter((path) => path !== '' && path !== 'CHANGELOG.md')
}

export const documentText = (file: string): string => readFileSync(join(ROOT, file), 'utf8')

/** The fenced blocks of a document, indented ones (in lists) without their indentation. */
export function blocksOf(file: string, text = documentText(file)): Block[] {
  return [...text.matchAll(/^([ \t]*)(`{3,})([^`\n]*)\n([\s\S]*?)^\1\2[ \t]*$/gm)].map(
    ({ index, 1: indent, 3: language, 4: code }) => ({
      file,
      language: language!.trim(),
      line: text.slice(0, index).split('\n').length + 1,
      code: code!
        .split('\n')
        .map((line) => (line.startsWith(indent!) ? line.slice(indent!.length) : line))
        .join('\n')
    })
  )
}
