import { fileURLToPath } from 'node:url'
import { describeIssues, MatcherError } from '@sohu-match/core'
import { readJson } from '@sohu-match/node'
import * as v from 'valibot'
import { PRESETS } from '../../presets'

const text = v.pipe(v.string(), v.nonEmpty())
const file = v.object({ bytes: v.number(), sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)) })
/** Names in the cache folder -> paths in the source. */
const places = v.record(text, text)

const entrySchema = v.object({
  description: text,
  author: text,
  homepage: text,
  licence: text,
  /** The license by lines. */
  licenceText: v.array(v.string()),
  citation: text,
  files: v.record(text, file),
  /** The matching config.json. */
  config: v.record(v.string(), v.unknown()),
  /** Tried in this order. */
  sources: v.array(v.union([v.object({ hub: text, files: places }), v.object({ maven: text, files: places })]))
})

/** Description and terms of public weights, their files with size and SHA-256, and their sources. */
export type NamedWeights = v.InferOutput<typeof entrySchema>

/** A repository of the Hugging Face hub, or the jar of Maven coordinates. */
export type WeightsSource = NamedWeights['sources'][number]

/** Reads `weights.json` of this package. Throws `config-invalid`. */
export async function readNamedWeights(
  path = fileURLToPath(new URL('../weights.json', PRESETS))
): Promise<ReadonlyMap<string, NamedWeights>> {
  const parsed = v.safeParse(v.record(text, entrySchema), await readJson(path, 'config-invalid', 'config-invalid'))
  if (!parsed.success) throw new MatcherError('config-invalid', `${path}: ${describeIssues(parsed.issues)}.`)
  return new Map(Object.entries(parsed.output))
}
