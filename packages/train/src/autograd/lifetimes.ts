import type { Tensor } from '../tfjs'

/** Counts who still needs each tensor and frees it when nobody does. */
export class Lifetimes {
  private readonly readers = new Map<number, number>()

  /** One more reader; the first makes the tensor ours. */
  retain(tensor: Tensor): void {
    this.readers.set(tensor.id, (this.readers.get(tensor.id) ?? 0) + 1)
  }

  /** One reader less; the last one frees the memory. */
  release(tensor: Tensor): void {
    if (this.drop(tensor)) tensor.dispose()
  }

  /** One reader less, and nothing freed: the tensor goes to an owner elsewhere. */
  disown(tensor: Tensor): void {
    this.drop(tensor)
  }

  /** True when that was the last reader. */
  private drop(tensor: Tensor): boolean {
    const readers = this.readers.get(tensor.id)
    if (readers === undefined)
      throw new Error(`Tensor ${tensor.id} [${tensor.shape.join(', ')}] was released more often than it was retained.`)
    if (readers > 1) this.readers.set(tensor.id, readers - 1)
    else this.readers.delete(tensor.id)
    return readers === 1
  }
}
