import type { InputBatch } from './pass'

/**
 * The distinct tokens of a step's batches, as the rows of a small table. Row 0 is always token 0, since the network
 * masks by id 0; the others are in ascending order.
 */
export class EmbeddingRows {
  /** Token id of each row. */
  readonly ids: Int32Array
  private readonly rowOf: ReadonlyMap<number, number>

  constructor(batches: readonly Pick<InputBatch, 'tokenIds'>[]) {
    const distinct = new Set([0])
    for (const { tokenIds } of batches) for (const id of tokenIds) distinct.add(id)
    this.ids = Int32Array.from(distinct).sort()
    this.rowOf = new Map(Array.from(this.ids, (id, row) => [id, row]))
  }

  /** Token ids as rows of the small table. */
  remap(tokenIds: Int32Array): Int32Array {
    return tokenIds.map((id) => this.rowOf.get(id)!)
  }
}
