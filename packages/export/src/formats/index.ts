import { WORD_EMBEDDINGS, type Dtype } from '@sohu-match/core'
import type { BlockBits } from '../quantize/blocks'
import { blockFormat } from './blocks'
import { float16Format, float32Format } from './float'
import type { WeightFormat } from './format'
import { int8Format } from './int8'

/**
 * The weight format of each dtype; each graph needs a new one, since a format may cache quantized weights. `wordBits`
 * are those of the word embeddings in the two formats of 8 bits.
 */
export const FORMATS: Readonly<Record<Dtype, (wordBits?: BlockBits) => WeightFormat>> = {
  fp32: () => float32Format,
  fp16: () => float16Format,
  int8: int8Format,
  q8: (wordBits = 8) => blockFormat((name) => (name === WORD_EMBEDDINGS ? wordBits : 8)),
  q4: () => blockFormat(() => 4)
}
