/** Linear warm-up, then a constant rate, or linear or cosine decay to 0. */
export interface ScheduleOptions {
  readonly learningRate: number
  /** Share of all steps in which the rate rises from 0; 0 starts at the peak. */
  readonly warmup: number
  readonly decay: 'none' | 'linear' | 'cosine'
}

/** `step` counts from 1. */
export function learningRateAt(step: number, steps: number, { learningRate, warmup, decay }: ScheduleOptions): number {
  const rising = Math.round(warmup * steps)
  if (step <= rising) return (learningRate * step) / rising
  if (decay === 'none') return learningRate
  const done = steps > rising ? Math.min(1, (step - rising) / (steps - rising)) : 1
  const left = decay === 'linear' ? 1 - done : (1 + Math.cos(Math.PI * done)) / 2
  return learningRate * left
}
