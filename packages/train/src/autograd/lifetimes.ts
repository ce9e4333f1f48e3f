import type { Tensor } from '../tfjs'

/** Counts the readers of each tensor and frees it after the last. */
export class Lifetimes {
  private readonly readers = new Map<number, number>()

  /** Adds a reader; the first takes ownership of the tensor. */
  retain(tensor: Tensor): void {
    this.readers.set(tensor.id, (this.readers.get(tensor.id) ?? 0) + 1)
  }

  /** Removes a reader; the last one frees the memory. */
  release(tensor: Tensor): void {
    if (this.drop(tensor)) tensor.dispose()
  }

  /** Removes a reader without freeing: the tensor gets another owner. */
  disown(tensor: Tensor): void {
    this.drop(tensor)
  }

  /** True if that was the last reader. */
  private drop(tensor: Tensor): boolean {
    const readers = this.readers.get(tensor.id)
    if (readers === undefined)
      throw new Error(`Tensor ${tensor.id} [${tensor.shape.join(', ')}] was released more often than it was retained.`)
    if (readers > 1) this.readers.set(tensor.id, readers - 1)
    else this.readers.delete(tensor.id)
    return readers === 1
  }
}
