import { WORD_EMBEDDINGS } from '@sohu-match/core'
import { tf, type Tensor } from '../tfjs'

/** Length of the shift that the gradient penalty's derivative is measured over: its error is in proportion to it, and float32 still resolves it. */
const MEASURING_LENGTH = 1e-3

/** At most one of the two is above 0. */
export interface AdversarialOptions {
  readonly fgmEpsilon: number
  readonly gradientPenalty: number
}

/** Gradients of the loss by parameter name; whoever holds the map disposes them. */
export type Gradients = Map<string, Tensor>

/**
 * Makes the loss smooth around the word embeddings E, with one more pass over the batch (`again`: the gradients where E is shifted). With
 * g = ∇L(E) and its direction u = g / |g|:
 * FGM adds the gradients of L(E + ε u) (Miyato et al. 2017, arXiv:1605.07725).
 * The gradient penalty adds those of λ/2 |g|² (Su 2020, kexue.fm/archives/7234): λ times the Hessian applied to g, here the one-sided
 * difference λ |g| (∇L(E + r u) - ∇L(E)) / r over every parameter, exact but for terms of order r.
 * Takes over `gradients`; gives those of the sum.
 */
export function withSmoothness(
  gradients: Gradients,
  { fgmEpsilon, gradientPenalty }: AdversarialOptions,
  again: (shift: Tensor) => Gradients
): Gradients {
  const g = gradients.get(WORD_EMBEDDINGS)
  if ((fgmEpsilon === 0 && gradientPenalty === 0) || !g) return gradients
  const length = fgmEpsilon > 0 ? fgmEpsilon : MEASURING_LENGTH
  const norm = tf.tidy(() => tf.norm(g))
  const shift = tf.tidy(() => tf.mul(g, tf.div(length, tf.maximum(norm, 1e-12))))
  const shifted = again(shift)
  const share = tf.tidy(() => (fgmEpsilon > 0 ? tf.scalar(1) : tf.mul(norm, gradientPenalty / length)))
  const sum = new Map(
    [...gradients].map(([name, gradient]) => {
      const other = shifted.get(name)!
      return [
        name,
        tf.tidy(() => tf.add(gradient, tf.mul(fgmEpsilon > 0 ? other : tf.sub(other, gradient), share)))
      ] as const
    })
  )
  tf.dispose([norm, shift, share, ...gradients.values(), ...shifted.values()])
  return sum
}
