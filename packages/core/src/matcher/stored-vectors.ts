import { MatcherError } from '../errors'
import type { MatcherInfo } from './types'

/** Stored vectors and their origin. */
export interface StoredVectors {
  /** [texts, hidden], rows of length 1. */
  readonly rows: Float32Array
  readonly hidden: number
  readonly task: string
  /** Name of their model, and the SHA-256 of its graph (`info.modelHash`). */
  readonly model: string
  readonly modelHash: string
}

/**
 * Checks that stored vectors are comparable with a model's current ones for a task. Throws `vectors-mismatch` naming
 * both models, or both tasks, and `input-invalid` for rows of another width.
 */
export function checkStoredVectors(
  {
    model,
    modelHash,
    task,
    hidden,
    rows
  }: Pick<StoredVectors, 'model' | 'modelHash' | 'task'> & Partial<StoredVectors>,
  { info }: { readonly info: Pick<MatcherInfo, 'model' | 'modelHash' | 'dtype' | 'vectors'> },
  wanted?: string
): void {
  if (modelHash !== info.modelHash)
    throw new MatcherError(
      'vectors-mismatch',
      `The stored vectors are of the model ${model} (${short(modelHash)}), but ${info.model} (${short(info.modelHash)}, ` +
        `${info.dtype}) is loaded, whose vectors cannot be compared with them. Load that model and dtype, or embed the texts again.`
    )
  if (wanted !== undefined && task !== wanted)
    throw new MatcherError(
      'vectors-mismatch',
      `The stored vectors are for the task ${task}, but the call is for ${wanted}; embed the texts for that task.`
    )
  const width = info.vectors?.hidden
  if (hidden !== undefined && (hidden !== width || (rows && rows.length % hidden !== 0)))
    throw new MatcherError(
      'input-invalid',
      `The stored vectors are ${rows?.length} numbers in rows of ${hidden}; those of ${info.model} have ${width}.`
    )
}

/** The first digits of a hash, enough to distinguish models. */
function short(hash: string): string {
  return typeof hash === 'string' ? hash.slice(0, 12) : String(hash)
}
