import { sha256 } from '@sohu-match/node'

const encoder = new TextEncoder()

/** Sorts by the SHA-256 of seed and key. */
export function shuffled<T>(items: readonly T[], seed: string, key: (item: T) => string): T[] {
  return items
    .map((item) => ({ item, hash: sha256(encoder.encode(`${seed}\u0000${key(item)}`)) }))
    .sort((one, other) => (one.hash < other.hash ? -1 : 1))
    .map(({ item }) => item)
}

/** A whole number in [0, n), n below 2^16, determined by the key. */
export function hashed(n: number, key: string): number {
  return Number.parseInt(sha256(encoder.encode(key)).slice(0, 12), 16) % n
}

/** Consecutive parts of `size` items; the last one includes a remainder that is too small to be a part. */
export function blocks<T>(items: readonly T[], size: number): T[][] {
  const count = Math.max(1, Math.floor(items.length / size))
  return Array.from({ length: count }, (_, i) => items.slice(i * size, i === count - 1 ? undefined : (i + 1) * size))
}

/** In order of first appearance. */
export function grouped<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(key(item))
    if (group) group.push(item)
    else groups.set(key(item), [item])
  }
  return groups
}
