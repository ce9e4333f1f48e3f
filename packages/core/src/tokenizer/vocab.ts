import { MatcherError } from '../errors'
import { PYTHON_SPACE } from './normalize'

/** The tokens in id order, and the ids of the special ones. */
export interface Vocab {
  readonly ids: ReadonlyMap<string, number>
  readonly tokens: readonly string[]
  /** 0: the network masks id 0. */
  readonly padId: 0
  readonly unknownId: number
  readonly startId: number
  readonly separatorId: number
  /** Length of the longest token in UTF-16 code units: longer pieces need no lookup. */
  readonly longest: number
}

/** A token that no text produces, since both tokenizers drop white space. Google's Chinese vocabulary has U+2028. */
const WHITE_SPACE = /* @__PURE__ */ new RegExp(`^[${PYTHON_SPACE}]$`)
const FIRST_TOKEN = /* @__PURE__ */ new RegExp(`^[${PYTHON_SPACE}]*([^${PYTHON_SPACE}]+)`)

/**
 * Parses vocab.txt: one token per line, up to the first white space, whose id is the line number from 0. A line of a single white-space
 * character keeps its id but is never looked up, as in bert4keras (which reads it as ""). Throws `asset-corrupt` for a blank line, a
 * repeated token, a missing [PAD], [UNK], [CLS] or [SEP], or a [PAD] that is not first.
 */
export function parseVocab(text: string): Vocab {
  const lines = text.split(/\r\n|\n|\r/)
  if (lines.at(-1) === '') lines.pop()
  const ids = new Map<string, number>()
  const tokens = lines.map((line, id) => {
    if (WHITE_SPACE.test(line)) return line
    const token = FIRST_TOKEN.exec(line)?.[1]
    if (token === undefined)
      throw corrupt(`line ${id + 1} is blank`, 'remove the line (ids are line numbers) or fetch the file again')
    const first = ids.get(token)
    if (first !== undefined)
      throw corrupt(`"${token}" is on lines ${first + 1} and ${id + 1}`, 'each token must have one id')
    ids.set(token, id)
    return token
  })
  const special = (token: string): number => {
    const id = ids.get(token)
    if (id === undefined)
      throw corrupt(`${token} is not among its ${tokens.length} tokens`, 'it must have [PAD], [UNK], [CLS] and [SEP]')
    return id
  }
  const padId = special('[PAD]')
  if (padId !== 0)
    throw corrupt(`[PAD] is on line ${padId + 1}`, 'it must be on the first, since the network masks id 0')
  const longest = tokens.reduce((length, token) => Math.max(length, token.length), 0)
  return {
    ids,
    tokens,
    padId,
    unknownId: special('[UNK]'),
    startId: special('[CLS]'),
    separatorId: special('[SEP]'),
    longest
  }
}

function corrupt(found: string, wanted: string): MatcherError {
  return new MatcherError('asset-corrupt', `The vocabulary cannot be used: ${found}; ${wanted}.`)
}
