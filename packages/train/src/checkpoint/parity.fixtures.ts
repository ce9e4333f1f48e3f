import { existsSync, readFileSync } from 'node:fs'
import { decodeSafetensors, parseModelConfig } from '@sohu-match/core'
import type { LabeledBatch, Model } from '../autograd/pass'
import { Variable } from '../optimizer/variable'

/** Numbers from the reference programs: copied into core where they hold no real text, else beside the project. */
const roots = ['../../../core/fixtures/reference/', '../../../../../shared/fixtures/'].map(
  (path) => new URL(path, import.meta.url)
)

/** The URL of a fixture, or undefined where this machine does not have it. */
export function fixture(name: string): URL | undefined {
  return roots.map((root) => new URL(name, root)).find((url) => existsSync(url))
}

/** A fixture's JSON value. */
export function fixtureJson<T>(name: string): T {
  return JSON.parse(readFileSync(fixture(name)!, 'utf8')) as T
}

/** A fixture's tensors by name. */
export function fixtureTensors(name: string): Map<string, Float32Array> {
  return new Map([...decodeSafetensors(readFileSync(fixture(name)!), name)].map(([key, { data }]) => [key, data]))
}

/** The reference's random classifier: `cln/`. */
export function referenceModel(): Model {
  const config = parseModelConfig({ ...fixtureJson<Record<string, unknown>>('cln/config.json'), hidden_act: 'gelu' })
  const weights = decodeSafetensors(readFileSync(fixture('cln/weights.safetensors')!), 'cln')
  return {
    config,
    variables: new Map([...weights].map(([name, { data, shape }]) => [name, Variable.create(data, shape)]))
  }
}

/** Encoded pairs of a fixture and the logits that the reference gave them. */
export interface Rows {
  token_ids: number[][]
  segment_ids: number[][]
  conditions: number[]
  labels?: number[]
  logits: number[][]
}

/** Rows of ids as one padded batch; `labels` as the mean loss takes them. */
export function toBatch(rows: Omit<Rows, 'logits'>): LabeledBatch {
  const batch = rows.token_ids.length
  const seq = rows.token_ids[0]!.length
  return {
    batch,
    seq,
    tokenIds: Int32Array.from(rows.token_ids.flat()),
    segmentIds: Int32Array.from(rows.segment_ids.flat()),
    taskIds: Int32Array.from(rows.conditions),
    labels: Int32Array.from(rows.labels ?? rows.conditions.map(() => 0)),
    weights: new Float32Array(batch).fill(1 / batch)
  }
}

/** The largest |a - b| over two arrays. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`${a.length} values against ${b.length}`)
  let largest = 0
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!))
  return largest
}
