import type { BaseIssue } from 'valibot'

/** One sentence part from a schema's issues: which key, what was wanted, what was found. */
export function describeIssues(issues: readonly BaseIssue<unknown>[]): string {
  return issues.slice(0, 3).map((issue) => {
    const path = issue.path?.map((item) => String(item.key)).join('.')
    return `${path ? `"${path}"` : 'the value'} should be ${issue.expected ?? issue.requirement ?? 'valid'} but is ${issue.received}`
  }).join('; ')
}
