import { WORD_EMBEDDINGS } from '@sohu-match/core'
import { tf, type Tensor } from '../tfjs'

/** By parameter name; the owner of the map disposes them. */
export type Gradients = Map<string, Tensor>

/**
 * Smooths the loss around the word embeddings E by adding the gradients of L(E + ε u), where u is the direction of
 * ∇L(E) (Miyato et al. 2017, arXiv:1605.07725). `again` returns the gradients for a shifted E. Disposes `gradients`; an
 * ε of 0 returns them.
 */
export function withAdversarial(gradients: Gradients, epsilon: number, again: (shift: Tensor) => Gradients): Gradients {
  const g = gradients.get(WORD_EMBEDDINGS)
  if (epsilon === 0 || !g) return gradients
  const shift = tf.tidy(() => tf.mul(g, tf.div(epsilon, tf.maximum(tf.norm(g), 1e-12))))
  const shifted = again(shift)
  const sum = new Map(
    [...gradients].map(([name, gradient]) => [name, tf.tidy(() => tf.add(gradient, shifted.get(name)!))] as const)
  )
  tf.dispose([shift, ...gradients.values(), ...shifted.values()])
  return sum
}
