import type { BaseIssue } from 'valibot'

/** One sentence part from a schema's issues: which key, what was wanted, what was found. */
export function describeIssues(issues: readonly BaseIssue<unknown>[]): string {
  return issues
    .slice(0, 3)
    .map((issue) => {
      const path = issue.path?.map((item) => String(item.key)).join('.')
      return `${path ? `"${path}"` : 'the value'} should be ${wanted(issue)} but is ${issue.received}`
    })
    .join('; ')
}

/** A check written as a function says what it wants in its message. */
function wanted({ expected, requirement, message }: BaseIssue<unknown>): string {
  return expected ?? (typeof requirement === 'function' ? message : String(requirement ?? 'valid'))
}

type CamelCase<S extends string> = S extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<CamelCase<Tail>>}` : S

/** An object type whose snake_case keys are written in camelCase. */
export type CamelCased<T> = { readonly [K in keyof T as CamelCase<K & string>]: T[K] }

/** A JSON object with its top-level keys in camelCase. */
export function camelCased<T extends object>(json: T): CamelCased<T> {
  const camel = (key: string): string => key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [camel(key), value])) as CamelCased<T>
}

/** The inverse of `camelCased`. */
export function snakeCased(value: object): Record<string, unknown> {
  const snake = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  return Object.fromEntries(Object.entries(value).map(([key, value]) => [snake(key), value]))
}
