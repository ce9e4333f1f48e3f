import { WORD_EMBEDDINGS, type Dtype } from '@sohu-match/core'
import { blockFormat } from './blocks'
import { float16Format, float32Format } from './float'
import type { FormatOptions, WeightFormat } from './format'
import { int8Format } from './int8'

/** The weight format of each dtype; each graph needs a new one, since a format may cache quantized weights. */
export const FORMATS: Readonly<Record<Dtype, (options?: FormatOptions) => WeightFormat>> = {
  fp32: () => float32Format,
  fp16: () => float16Format,
  int8: int8Format,
  q8: ({ wordBits = 8 } = {}) => blockFormat((name) => (name === WORD_EMBEDDINGS ? wordBits : 8)),
  q4: () => blockFormat(() => 4)
}
