import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import { blocksOf, documentText, type Block } from './blocks'
import { commandsIn, commandsWithin } from './shell'

/** A part of a page: a heading of level 1 to 3 and the text up to the next one. */
export interface Section {
  /** GitHub's anchor of the heading; of a translated one, the anchor of the English heading. */
  readonly anchor: string
  readonly text: string
  /** Digest of the English text at the time of translation; undefined if it has not been recorded. */
  readonly translated?: string | undefined
}

/** Below each heading of a translation: the English section's anchor and, once recorded, its digest. */
const MARK = /^<!-- en: ([\p{L}\p{N}_-]+)(?: ([0-9a-f]{8}))? -->$/mu

/** The page that a translation links to as `[English](…)`. */
export function originalOf(file: string): string | undefined {
  const link = /\[English\]\(([^)]+)\)/.exec(documentText(file))?.[1]
  return link && posix.join(posix.dirname(file), link)
}

/** The sections of an English page. */
export function sectionsOf(text: string): Section[] {
  return split(text).map((part) => ({ anchor: anchorOf(part), text: part }))
}

/** The sections of a translation. Throws if a heading has no mark. */
export function translatedSectionsOf(file: string, text: string): Section[] {
  return split(text).map((part) => {
    const [, anchor, translated] = MARK.exec(part) ?? []
    if (anchor === undefined)
      throw new Error(
        `${file}: "${part.split('\n')[0]}" has no line <!-- en: anchor-of-the-English-heading --> below it.`
      )
    return { anchor, text: part, translated }
  })
}

/** First 8 hexadecimal digits of a section's SHA-256. */
export const digestOf = ({ text }: Section): string =>
  createHash('sha256').update(text.trim()).digest('hex').slice(0, 8)

/** The text of a translation with the digests of the current English sections. */
export function recorded(text: string, originals: readonly Section[]): string {
  return text.replace(new RegExp(MARK.source, 'gmu'), (mark: string, anchor: string) => {
    const original = originals.find((section) => section.anchor === anchor)
    return original ? `<!-- en: ${anchor} ${digestOf(original)} -->` : mark
  })
}

/** What must be the same in both languages: code without its comments, and our commands within sentences, in any order. */
export function codeOf(text: string): { readonly blocks: unknown[]; readonly commands: string[] } {
  return {
    blocks: blocksOf('', text).map(withoutComments),
    commands: commandsWithin(text.replace(/<!--[^]*?-->/g, ''))
      .map((words) => words.join(' '))
      .sort()
  }
}

function withoutComments({ language, code }: Block): unknown {
  if (language === 'sh') return { language, code: commandsIn(code) }
  return { language, code: code.replace(/(^|\s)\/\/ .*$/gm, '').replace(/[ \t]+$/gm, '') }
}

/** Splits a page before every heading outside code blocks; text before the first heading belongs to it. */
function split(text: string): string[] {
  const parts: string[][] = [[]]
  let fenced = false
  let headings = 0
  for (const line of text.split('\n')) {
    if (/^\s*```/.test(line)) fenced = !fenced
    if (!fenced && /^#{1,3} /.test(line) && headings++ > 0) parts.push([])
    parts.at(-1)!.push(line)
  }
  return parts.map((lines) => lines.join('\n'))
}

function anchorOf(part: string): string {
  const title = /^#{1,3} (.+)$/m.exec(part)?.[1] ?? ''
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-')
}
