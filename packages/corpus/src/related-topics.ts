/** Topics that a reader may hold for one, so that criterion A never has two of a row as a negative pair. */
const RELATED: readonly (readonly string[])[] = []

/** Whether two topics are the same or too near each other in meaning to be a sure "other topic". */
export function areRelated(one: string, other: string): boolean {
  return one === other || RELATED.some((row) => row.includes(one) && row.includes(other))
}
