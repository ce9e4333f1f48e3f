import type { Dtype } from '@sohu-match/core'
import { blockFormat } from './blocks'
import { float16Format, float32Format } from './float'
import type { WeightFormat } from './format'
import { int8Format } from './int8'

/** The weight format of each dtype; a new one for every graph, since a format may remember what it has quantized. */
export const FORMATS: Readonly<Record<Dtype, () => WeightFormat>> = {
  fp32: () => float32Format,
  fp16: () => float16Format,
  int8: int8Format,
  q8: () => blockFormat(() => 8),
  q4: () => blockFormat(() => 4)
}
