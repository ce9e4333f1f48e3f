/** Groups of rows that grow as pairs of rows are linked. */
export interface Groups {
  link(i: number, j: number): void
  /** Groups of two and more, members in order, by first member. */
  list(): number[][]
}

/** `count` unlinked rows: a disjoint-set forest in which the smallest member of a group is its root. */
export function createGroups(count: number): Groups {
  const parents = Int32Array.from({ length: count }, (_, i) => i)

  function rootOf(i: number): number {
    while (parents[i] !== i) i = parents[i] = parents[parents[i]!]!
    return i
  }

  return {
    link(i, j) {
      const [a, b] = [rootOf(i), rootOf(j)]
      parents[Math.max(a, b)] = Math.min(a, b)
    },
    list() {
      const groups = new Map<number, number[]>()
      for (let i = 0; i < count; i++) {
        const root = rootOf(i)
        const group = groups.get(root)
        if (group) group.push(i)
        else groups.set(root, [i])
      }
      return [...groups.values()].filter((group) => group.length > 1)
    }
  }
}
