/** Groups with overlapping intents, by domain and number. */
const OVERLAPPING: Readonly<Record<string, readonly (readonly number[])[]>> = {
  bank: [
    [1, 17, 21, 37, 47, 48],
    [2, 36],
    [3, 4, 13, 45, 46],
    [5, 43],
    [6, 12, 44, 49],
    [8, 31],
    [9, 32, 33],
    [10, 27, 50],
    [11, 34],
    [18, 42],
    [25, 35]
  ],
  phone: [
    [19, 43],
    [25, 38]
  ],
  shop: [
    [1, 16, 18],
    [3, 40],
    [10, 32, 33, 34],
    [11, 29, 30],
    [17, 28],
    [22, 41]
  ],
  travel: [[12, 31]]
}

/**
 * The family of a group such as `bank-43`: the first group with intents that overlap its own. Groups of a family are
 * kept in one split, and do not make negative pairs with each other.
 */
export function familyOf(group: string): string {
  const [domain, number] = group.split('-') as [string, string]
  const first = OVERLAPPING[domain]?.find((row) => row.includes(Number(number)))?.[0]
  return first === undefined ? group : `${domain}-${String(first).padStart(2, '0')}`
}
