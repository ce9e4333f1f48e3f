import { MatcherError, type Batch, type Example, type TaskSpec, type Tokenizer } from '@sohu-match/core'

/** A labelled pair as the network reads it. */
export interface EncodedExample {
  readonly tokenIds: Int32Array
  readonly segmentIds: Int32Array
  readonly task: number
  readonly label: 0 | 1
}

/** Tokens of a batch, padding included: large enough for speed, small enough for any machine. */
const BATCH_TOKENS = 4096

/** At most `limit` labelled examples of the given tasks: of every task and label its share, evenly spaced over the file, so always the same. */
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

/** Encodes labelled examples as the SDKs do, shortest first, so that batches hardly pad. */
export function encodeExamples(
  examples: readonly Example[],
  tokenizer: Tokenizer,
  maxLength: number
): EncodedExample[] {
  const encoded = examples.map(({ a, b, task, label }): EncodedExample => {
    if (label === undefined)
      throw new MatcherError('data-invalid', 'The gate needs labels; a pair of the valid split has none.')
    const { tokenIds, segmentIds } = tokenizer.encode(a, b, maxLength)
    return { tokenIds, segmentIds, task, label }
  })
  return encoded.sort((one, other) => one.tokenIds.length - other.tokenIds.length)
}

/** Cuts examples, in their order, into padded batches of at most 4,096 tokens. */
export function* batches(examples: readonly EncodedExample[]): Generator<Batch> {
  for (let start = 0; start < examples.length;) {
    let end = start
    let length = 0
    for (; end < examples.length; end++) {
      const longest = Math.max(length, examples[end]!.tokenIds.length)
      if (end > start && longest * (end - start + 1) > BATCH_TOKENS) break
      length = longest
    }
    yield padded(examples.slice(start, end), length)
    start = end
  }
}

function padded(rows: readonly EncodedExample[], length: number): Batch {
  const tokenIds = new Int32Array(rows.length * length)
  const segmentIds = new Int32Array(rows.length * length)
  rows.forEach((row, index) => {
    tokenIds.set(row.tokenIds, index * length)
    segmentIds.set(row.segmentIds, index * length)
  })
  return { batch: rows.length, seq: length, tokenIds, segmentIds, taskIds: Int32Array.from(rows, (row) => row.task) }
}
