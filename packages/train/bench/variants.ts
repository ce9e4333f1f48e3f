/** Keys of a training configuration that each measured variant of the step sets. */
export const VARIANTS = {
  float32: {},
  'float32, fused': { kernels: 'auto' },
  bfloat16: { precision: 'bfloat16' },
  'bfloat16, fused': { precision: 'bfloat16', kernels: 'auto' },
  'float32, recompute attention': { recompute: 'attention' },
  'float32, recompute layer': { recompute: 'layer' }
} as const satisfies Record<string, Record<string, unknown>>

export type VariantName = keyof typeof VARIANTS

/** Precision and kernels alone: what evaluation has, too. */
export const ARITHMETIC = ['float32', 'float32, fused', 'bfloat16', 'bfloat16, fused'] as const

/** The products of a step alone, in either precision. */
export type ProductsName = 'products' | 'products bfloat16'
