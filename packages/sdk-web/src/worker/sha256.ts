const PRIMES: number[] = []
for (let n = 2; PRIMES.length < 64; n++) if (PRIMES.every((prime) => n % prime > 0)) PRIMES.push(n)

/**
 * First 32 bits of the fractional part. The nearest root is 2^-10 of the last bit from rounding the other way, a
 * double's error below 2^-18.
 */
const fraction = (root: number): number => ((root % 1) * 2 ** 32) | 0

const START = PRIMES.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)))
const ROUNDS = Int32Array.from(PRIMES, (prime) => fraction(Math.cbrt(prime)))

const rotate = (word: number, bits: number): number => (word >>> bits) | (word << (32 - bits))

/** Incremental, since the browser's own digest needs a whole file, and a secure page. FIPS 180-4, sections 4 to 6. */
export class Sha256 {
  private readonly state = Int32Array.from(START)
  private readonly schedule = new Int32Array(64)
  private readonly block = new DataView(new ArrayBuffer(64))
  private readonly bytes = new Uint8Array(this.block.buffer)
  private length = 0

  update(chunk: Uint8Array): this {
    for (let at = 0; at < chunk.length;) {
      const filled = this.length % 64
      const part = chunk.subarray(at, at + 64 - filled)
      this.bytes.set(part, filled)
      this.length += part.length
      at += part.length
      if (this.length % 64 === 0) this.compress()
    }
    return this
  }

  /** Lower-case hexadecimal. Ends the computation. */
  hex(): string {
    const bits = this.length * 8
    this.update(Uint8Array.of(0x80))
    this.update(new Uint8Array((120 - (this.length % 64)) % 64)) // the bit count takes the last 8 bytes of a block
    this.block.setUint32(56, Math.floor(bits / 2 ** 32))
    this.block.setUint32(60, bits)
    this.compress()
    return Array.from(this.state, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
  }

  private compress(): void {
    const { state, schedule: w, block } = this
    for (let t = 0; t < 16; t++) w[t] = block.getInt32(4 * t)
    for (let t = 16; t < 64; t++) {
      const early = w[t - 15]!
      const late = w[t - 2]!
      w[t] =
        w[t - 16]! +
        w[t - 7]! +
        (rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3)) +
        (rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10))
    }
    let a = state[0]!,
      b = state[1]!,
      c = state[2]!,
      d = state[3]!,
      e = state[4]!,
      f = state[5]!,
      g = state[6]!,
      h = state[7]!
    for (let t = 0; t < 64; t++) {
      const one = (h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + ROUNDS[t]! + w[t]!) | 0
      const two = ((rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0
      h = g
      g = f
      f = e
      e = (d + one) | 0
      d = c
      c = b
      b = a
      a = (one + two) | 0
    }
    state[0]! += a
    state[1]! += b
    state[2]! += c
    state[3]! += d
    state[4]! += e
    state[5]! += f
    state[6]! += g
    state[7]! += h
  }
}
