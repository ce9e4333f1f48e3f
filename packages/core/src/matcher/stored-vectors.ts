import { MatcherError } from '../errors'
import type { MatcherInfo } from './types'

/** Vectors that were kept, with what they are vectors of. */
export interface StoredVectors {
  /** [texts, hidden], rows of length 1. */
  readonly rows: Float32Array
  readonly hidden: number
  readonly task: string
  /** The name of the model that gave them, and the SHA-256 of its graph (`info.modelHash`). */
  readonly model: string
  readonly modelHash: string
}

/**
 * Checks that stored vectors may be compared with those that a model gives for a task now. Throws `vectors-mismatch` naming both models, or
 * both tasks, and `input-invalid` for rows of another width.
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

/** The beginning of a hash: enough to tell two models apart. */
function short(hash: string): string {
  return typeof hash === 'string' ? hash.slice(0, 12) : String(hash)
}
