import {
  MatcherError,
  padBatch,
  type Batch,
  type Example,
  type TaskSequence,
  type TaskSpec,
  type Tokenizer
} from '@sohu-match/core'

/** A labeled pair for a cross-encoder. */
export interface EncodedExample extends TaskSequence {
  readonly label: 0 | 1
}

/** Padded tokens of a batch. */
const BATCH_TOKENS = 4096

/** At most `limit` labeled examples, a share of every task and label, evenly spaced over the file. */
export function stratified(examples: readonly Example[], tasks: readonly TaskSpec[], limit: number): Example[] {
  const strata = tasks.flatMap((task) =>
    ([0, 1] as const).map((label) => examples.filter((one) => one.task === task.id && one.label === label))
  )
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
  const encoded = examples.map(({ a, b, task, label }): EncodedExample => {
    if (label === undefined)
      throw new MatcherError('data-invalid', 'The gate needs labels; a pair of the valid split has none.')
    const { tokenIds, segmentIds } = tokenizer.encode(a, b, maxLength)
    return { tokenIds, segmentIds, taskId: task, label }
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
