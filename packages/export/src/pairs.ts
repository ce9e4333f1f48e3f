import {
  kindOf,
  MatcherError,
  padBatch,
  type Batch,
  type Example,
  type TaskSequence,
  type TaskSpec,
  type Tokenizer
} from '@sohu-match/core'

/** What is true of a pair, or text: `label` of a match task, `target` of another. */
export type Labels = Pick<Example, 'label' | 'target'>

/** A labeled pair or text for a cross-encoder. */
export interface EncodedExample extends TaskSequence {
  readonly labels: Labels
}

/** Padded tokens of a batch. */
const BATCH_TOKENS = 4096

/**
 * At most `limit` labeled examples, a share of every task and label (of any-of tasks and scores: of every task), evenly
 * spaced over the file.
 */
export function stratified(examples: readonly Example[], tasks: readonly TaskSpec[], limit: number): Example[] {
  const strata = tasks.flatMap((task) => {
    const own = examples.filter((one) => one.task === task.id)
    switch (kindOf(task)) {
      case 'match':
        return [0, 1].map((label) => own.filter((one) => one.label === label))
      case 'one-of':
        return [...task.labels!.keys()].map((label) => own.filter(({ target }) => target?.[0] === label))
      default:
        return [own.filter(({ target }) => target)]
    }
  })
  const total = strata.reduce((sum, rows) => sum + rows.length, 0)
  const share = Math.min(1, limit / total)
  return strata.flatMap((rows) => {
    const count = Math.ceil(rows.length * share)
    return Array.from({ length: count }, (_, i) => rows[Math.floor((i * rows.length) / count)]!)
  })
}

/** Encodes labeled examples as the SDKs do, shortest first for little padding. */
export function encodeExamples(
  examples: readonly Example[],
  tokenizer: Tokenizer,
  maxLength: number
): EncodedExample[] {
  const encoded = examples.map(({ a, b, task, label, target }): EncodedExample => {
    if ((label ?? target) === undefined)
      throw new MatcherError('data-invalid', 'The gate needs labels; a pair of the valid split has none.')
    const { tokenIds, segmentIds } = tokenizer.encode(a, b, maxLength)
    return {
      tokenIds,
      segmentIds,
      taskId: task,
      labels: { ...(label !== undefined && { label }), ...(target && { target }) }
    }
  })
  return encoded.sort((one, other) => one.tokenIds.length - other.tokenIds.length)
}

/** Keeps the order; at most 4,096 padded tokens per batch. */
export function* batches(sequences: readonly TaskSequence[]): Generator<Batch> {
  for (let start = 0; start < sequences.length;) {
    let end = start
    let length = 0
    for (; end < sequences.length; end++) {
      const longest = Math.max(length, sequences[end]!.tokenIds.length)
      if (end > start && longest * (end - start + 1) > BATCH_TOKENS) break
      length = longest
    }
    yield padBatch(sequences.slice(start, end))
    start = end
  }
}
