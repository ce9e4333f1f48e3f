/** The same seeds produce the same numbers on every machine. */
export interface Random {
  /** A number in [0, 1), of 32 random bits. */
  next(): number
  /** A whole number in [0, n). */
  below(n: number): number
  pick<T>(items: readonly T[]): T
  /** True with the given probability. */
  chance(probability: number): boolean
  /** A standard normal number (Box and Muller 1958). */
  normal(): number
  /** Shuffles in place (Fisher and Yates) and returns the same array. */
  shuffle<A extends { [index: number]: unknown; readonly length: number }>(items: A): A
}

/** xoshiro128** (Blackman and Vigna 2018), seeded by splitmix32 of an FNV-1a hash of the seeds, whose order counts. */
export function createRandom(...seeds: readonly (number | string)[]): Random {
  let hash = 0x811c9dc5
  for (const char of seeds.join('\u0000')) hash = Math.imul(hash ^ char.codePointAt(0)!, 0x01000193)
  const state = Uint32Array.from({ length: 4 }, () => splitmix((hash = (hash + 0x9e3779b9) | 0)))
  const next = () => xoshiro(state) / 0x100000000
  const below = (n: number) => Math.floor(next() * n)
  return {
    next,
    below,
    pick: (items) => items[below(items.length)]!,
    chance: (probability) => next() < probability,
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    shuffle: (items) => {
      for (let i = items.length - 1; i > 0; i--) {
        const j = below(i + 1)
        const held = items[i]
        items[i] = items[j]
        items[j] = held
      }
      return items
    }
  }
}

function splitmix(value: number): number {
  let z = Math.imul(value ^ (value >>> 16), 0x21f0aaad)
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
  return (z ^ (z >>> 15)) >>> 0
}

/** Changes the four words of state and returns 32 random bits. */
function xoshiro(state: Uint32Array): number {
  const s1 = state[1]!
  const scrambled = Math.imul(s1, 5)
  const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0
  state[2]! ^= state[0]!
  state[3]! ^= s1
  state[1]! ^= state[2]!
  state[0]! ^= state[3]!
  state[2]! ^= s1 << 9
  state[3] = (state[3]! << 11) | (state[3]! >>> 21)
  return result
}
