import { MatcherError, type StoredVectors } from '@sohu-match/core'

/** The model and task that are stored with vectors. */
export type VectorLabels = Pick<StoredVectors, 'model' | 'modelHash' | 'task'>

/** Throws `data-invalid`, beginning with `place`. */
export function checkLabels(labels: Partial<Record<keyof VectorLabels, unknown>>, place: string): VectorLabels {
  for (const name of ['model', 'modelHash', 'task'] as const) {
    if (typeof labels[name] !== 'string')
      throw new MatcherError(
        'data-invalid',
        `${place}: ${name} is missing, without which vectors cannot be compared; write the file again with \`sohu-match embed\`.`
      )
  }
  return labels as VectorLabels
}

/** Throws `vectors-mismatch` if a vector has other labels than the first of its file. */
export function requireSame(first: VectorLabels, labels: VectorLabels, place: string): void {
  if (first.modelHash !== labels.modelHash)
    throw new MatcherError(
      'vectors-mismatch',
      `${place}: this vector is of the model ${described(labels)}, but the first one is of ${described(first)}; vectors of two models ` +
        'cannot be compared, so keep them in separate files.'
    )
  if (first.task !== labels.task)
    throw new MatcherError(
      'vectors-mismatch',
      `${place}: this vector is for the task ${labels.task}, but the first one is for ${first.task}; keep them in separate files.`
    )
}

function described({ model, modelHash }: VectorLabels): string {
  return `${model} (${modelHash.slice(0, 12)})`
}

/** JSON has null for a number that was not finite. */
export function isVector(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((element) => typeof element === 'number')
}

/** Throws `data-invalid` without vectors, or if their lengths differ. */
export function joinVectors(
  vectors: readonly ArrayLike<number>[],
  labels: VectorLabels | undefined,
  path: string
): StoredVectors {
  if (!labels) throw new MatcherError('data-invalid', `${path} holds no vectors.`)
  const hidden = vectors[0]!.length
  const rows = new Float32Array(vectors.length * hidden)
  vectors.forEach((vector, i) => {
    if (vector.length !== hidden || hidden === 0)
      throw new MatcherError(
        'data-invalid',
        `${path}: vector ${i + 1} has ${vector.length} numbers, but the first one has ${hidden}.`
      )
    rows.set(vector, i * hidden)
  })
  const wrong = rows.findIndex((value) => !Number.isFinite(value))
  if (wrong !== -1)
    throw new MatcherError(
      'data-invalid',
      `${path}: vector ${Math.floor(wrong / hidden) + 1} holds a value that is not a finite number.`
    )
  return { model: labels.model, modelHash: labels.modelHash, task: labels.task, hidden, rows }
}
