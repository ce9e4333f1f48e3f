import * as v from 'valibot'

/** Part of a sentence about a schema's issues: the key, what was expected, what was found. */
export function describeIssues(issues: readonly v.BaseIssue<unknown>[]): string {
  return issues
    .slice(0, 3)
    .map((issue) => {
      const path = issue.path?.map((item) => String(item.key)).join('.')
      return `${path ? `"${path}"` : 'the value'} should be ${wanted(issue)} but is ${issue.received}`
    })
    .join('; ')
}

/** A check that is a function has only its message. */
function wanted({ expected, requirement, message }: v.BaseIssue<unknown>): string {
  return expected ?? (typeof requirement === 'function' ? message : String(requirement ?? 'valid'))
}

type CamelCase<S extends string> = S extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<CamelCase<Tail>>}` : S

export type CamelCased<T> = { readonly [K in keyof T as CamelCase<K & string>]: T[K] }

/** Only top-level keys. */
export function camelCased<T extends object>(json: T): CamelCased<T> {
  const camel = (key: string): string => key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [camel(key), value])) as CamelCased<T>
}

export function snakeCased(value: object): Record<string, unknown> {
  const snake = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  return Object.fromEntries(Object.entries(value).map(([key, value]) => [snake(key), value]))
}

/** A JSON object whose keys are names of tasks: `v.record` drops `__proto__`, `prototype` and `constructor`. */
export function recordOf<const S extends v.GenericSchema>(schema: S) {
  return v.pipe(
    v.custom<object>((value) => typeof value === 'object' && value !== null && !Array.isArray(value), 'an object'),
    v.rawTransform(({ dataset, addIssue }): Record<string, v.InferOutput<S>> =>
      Object.fromEntries(
        Object.entries(dataset.value).map(([key, value]: [string, unknown]) => {
          const parsed = v.safeParse(schema, value)
          for (const { path = [], ...issue } of parsed.issues ?? [])
            addIssue({ ...issue, path: [{ type: 'object', origin: 'value', input: {}, key, value }, ...path] } as never)
          return [key, parsed.output]
        })
      )
    )
  )
}
