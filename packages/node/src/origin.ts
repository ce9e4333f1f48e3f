import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describeIssues, MatcherError } from '@sohu-match/core'
import * as v from 'valibot'
import { readJson } from './read'

/** Names the origin of a folder's public weights, or of those that a checkpoint started from. */
export const ORIGIN_FILE = 'origin.json'

const text = v.pipe(v.string(), v.nonEmpty())
const originSchema = v.object({
  name: text,
  description: text,
  author: text,
  homepage: text,
  licence: text,
  licenceText: text,
  citation: text
})

/** Origin and license of public weights. */
export type Origin = Readonly<v.InferOutput<typeof originSchema>>

/** Undefined if the folder names none. Throws `checkpoint-invalid`. */
export async function readOrigin(folder: string): Promise<Origin | undefined> {
  const path = join(folder, ORIGIN_FILE)
  if (!existsSync(path)) return undefined
  const parsed = v.safeParse(originSchema, await readJson(path, 'checkpoint-invalid', 'checkpoint-invalid'))
  if (!parsed.success) throw new MatcherError('checkpoint-invalid', `${path}: ${describeIssues(parsed.issues)}.`)
  return parsed.output
}

/** The content of `origin.json`. */
export function originText(origin: Origin): string {
  return `${JSON.stringify(origin, null, 2)}\n`
}

/** The license notice of weights that started from public ones. */
export function originNotice({ name, description, author, homepage, licence, licenceText, citation }: Origin): string {
  return `The weights started from those of ${name}, a ${description}, by ${author}
(${homepage}), licence ${licence}.

Please cite: ${citation}

${licenceText}
`
}
