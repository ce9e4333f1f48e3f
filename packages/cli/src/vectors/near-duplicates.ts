/** Rows of one block: two blocks of vectors 512 wide fit a processor's second-level cache. */
const BLOCK = 128

/**
 * Groups of rows of vectors [count, width] of length 1 that are near duplicates: two rows are in one group where their cosine is above
 * `least`, or where a chain of such pairs links them. Every pair is compared. Groups of two and more, members in order, by first member.
 */
export function nearDuplicates(vectors: Float32Array, width: number, least: number): number[][] {
  const count = vectors.length / width
  const parents = Int32Array.from({ length: count }, (_, i) => i)
  for (let first = 0; first < count; first += BLOCK) {
    for (let second = first; second < count; second += BLOCK) linkBlocks(vectors, width, least, first, second, parents)
  }
  const groups = new Map<number, number[]>()
  for (let i = 0; i < count; i++) {
    const root = rootOf(parents, i)
    groups.set(root, [...(groups.get(root) ?? []), i])
  }
  return [...groups.values()].filter((group) => group.length > 1)
}

function linkBlocks(
  vectors: Float32Array,
  width: number,
  least: number,
  first: number,
  second: number,
  parents: Int32Array
): void {
  const count = parents.length
  for (let i = first; i < Math.min(first + BLOCK, count); i++) {
    for (let j = Math.max(second, i + 1); j < Math.min(second + BLOCK, count); j++) {
      let sum = 0
      for (let k = 0, a = i * width, b = j * width; k < width; k++) sum += vectors[a + k]! * vectors[b + k]!
      if (sum > least) link(parents, i, j)
    }
  }
}

/** The smaller root stays one, so that a group's root is its first member. */
function link(parents: Int32Array, i: number, j: number): void {
  const [a, b] = [rootOf(parents, i), rootOf(parents, j)]
  parents[Math.max(a, b)] = Math.min(a, b)
}

function rootOf(parents: Int32Array, i: number): number {
  while (parents[i] !== i) i = parents[i] = parents[parents[i]!]!
  return i
}

/** The cosine above which texts match: where sigmoid(scale · cosine + offset) is the threshold. */
export function leastCosine(threshold: number, scale: number, offset: number): number {
  return (Math.log(threshold / (1 - threshold)) - offset) / scale
}
