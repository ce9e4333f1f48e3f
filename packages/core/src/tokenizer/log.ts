/** ln 2 as the sum of two doubles; the second is the rounding error of the first. */
const LN2 = Math.LN2
const LN2_LOW = 2.3190468138462996e-17
/** The rounding error of 1/3 as a double. */
const THIRD_LOW = 1.850371707708594e-17

/**
 * The natural logarithm of a positive integer, correctly rounded, as Python's is on glibc for every count in jieba's dictionary. `Math.log`
 * is not (V8 misses ln 3 by one unit in the last place, and engines differ), and one such unit decides between equally probable routes (in
 * 9 of 6,956 texts that repeat a word). Uses only + - * / on doubles, so every engine computes the same value.
 * ln n = k ln 2 + 2 artanh((m - 1) / (m + 1)), n = m 2^k, summed in pairs of doubles (Dekker 1971).
 */
export function log(n: number): number {
  let m = n
  let k = 0
  while (m > Math.SQRT2) {
    m /= 2
    k += 1
  }
  const below = m + 1 // m - 1 is exact, this is not: its rest goes into sLow
  const s = (m - 1) / below // |s| < .172
  const [product, productLow] = multiply(s, below)
  const sLow = (m - 1 - product - productLow - s * (m - (below - 1))) / below
  const [square, squareLow] = multiply(s, s)
  let tail = 0 // s^2 / 5 + s^4 / 7 + …: 13 terms reach 2^-70 of the sum
  for (let power = 29; power >= 5; power -= 2) tail = square * (1 / power + tail)
  // artanh s = s + s^3 (1/3 + tail); the cube to twice the precision, since it reaches a hundredth of s
  const [cube, cubeError] = multiply(square, s)
  const cubeLow = cubeError + squareLow * s + 3 * square * sLow
  const [factor, factorError] = add(1 / 3, tail)
  const [term, termError] = multiply(cube, factor)
  const termLow = termError + cubeLow * factor + cube * (factorError + THIRD_LOW)
  const [scaled, scaledLow] = multiply(k, LN2)
  const [sum, error] = add(scaled, 2 * s)
  const [total, totalError] = add(sum, 2 * term)
  return total + (totalError + error + scaledLow + k * LN2_LOW + 2 * (sLow + termLow))
}

/** a + b and its rounding error (Knuth). */
function add(a: number, b: number): [sum: number, error: number] {
  const sum = a + b
  const part = sum - a
  return [sum, a - (sum - part) + (b - part)]
}

/** a b and its rounding error (Dekker, with Veltkamp's split into 26 bits). */
function multiply(a: number, b: number): [product: number, error: number] {
  const product = a * b
  const aHigh = a * 134217729 - (a * 134217729 - a)
  const bHigh = b * 134217729 - (b * 134217729 - b)
  const aLow = a - aHigh
  const bLow = b - bHigh
  return [product, aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow)]
}
