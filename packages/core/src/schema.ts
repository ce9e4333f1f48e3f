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
