import type { MatchResult } from '@sohu-match/sdk-node'

/** One result as a line for people. */
export function describeResult({ task, label, score, threshold, tokenCount, truncated }: MatchResult<string>): string {
  const verdict = label === 1 ? 'match' : 'no match'
  return `${verdict}  score ${score.toFixed(4)}  threshold ${threshold.toFixed(4)}  task ${task}  ${tokenCount} tokens${truncated ? ', cut' : ''}`
}
