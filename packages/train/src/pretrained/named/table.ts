import { fileURLToPath } from 'node:url'
import { describeIssues, MatcherError } from '@sohu-match/core'
import { readJson } from '@sohu-match/node'
import * as v from 'valibot'
import { PRESETS } from '../../presets'

const text = v.pipe(v.string(), v.nonEmpty())
const file = v.object({ bytes: v.number(), sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)) })
/** Names in the cache folder -> places in the source. */
const places = v.record(text, text)

const entrySchema = v.object({
  description: text,
  author: text,
  homepage: text,
  licence: text,
  /** The licence, a line each. */
  licenceText: v.array(v.string()),
  citation: text,
  files: v.record(text, file),
  /** The config.json that goes with them. */
  config: v.record(v.string(), v.unknown()),
  /** Tried in this order. */
  sources: v.array(v.union([v.object({ hub: text, files: places }), v.object({ maven: text, files: places })]))
})

/** Public weights that have a name: what they are, under which terms, their files with size and SHA-256, and where to get them. */
export type NamedWeights = v.InferOutput<typeof entrySchema>

/** A place to get the files from: a repository of the Hugging Face hub, or the jar of Maven coordinates. */
export type WeightsSource = NamedWeights['sources'][number]

/** The table of named weights (`weights.json` of this package). Throws `config-invalid`. */
export async function readNamedWeights(
  path = fileURLToPath(new URL('../weights.json', PRESETS))
): Promise<ReadonlyMap<string, NamedWeights>> {
  const parsed = v.safeParse(v.record(text, entrySchema), await readJson(path, 'config-invalid', 'config-invalid'))
  if (!parsed.success) throw new MatcherError('config-invalid', `${path}: ${describeIssues(parsed.issues)}.`)
  return new Map(Object.entries(parsed.output))
}
