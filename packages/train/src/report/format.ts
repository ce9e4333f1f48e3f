/** Three decimals; `–` for NaN. */
export function ratio(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? '–' : value.toFixed(3)
}

/** `12,345` */
export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** `12 %` */
export function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

/** Its two largest units: 45 s, 3 min 05 s, 2 h 10 min. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–'
  const total = Math.max(0, Math.round(seconds))
  const [hours, minutes] = [Math.floor(total / 3600), Math.floor(total / 60) % 60]
  const two = (value: number) => String(value).padStart(2, '0')
  if (hours > 0) return `${hours} h ${two(minutes)} min`
  return minutes > 0 ? `${minutes} min ${two(total % 60)} s` : `${total} s`
}

/** Three significant digits: 0.000500, 0.693, 5.00e-7. */
export function significant(value: number): string {
  return value.toPrecision(3)
}
