import type { MatchResult } from '@sohu-match/sdk-node'
import type { Command } from 'commander'
import { requireTask, usingMatcher, withModel, type ModelFlags } from '../model-flags'

interface MatchFlags extends ModelFlags {
  readonly task?: string
  readonly json?: boolean
}

export function addMatch(program: Command): void {
  withModel(program.command('match <a> <b>'))
    .description('judge one pair')
    .option('--task <name>', 'the task to judge it under; may be left out where the model has only one')
    .option('--json', 'print the result as JSON')
    .action(async (a: string, b: string, flags: MatchFlags) => {
      const result = await usingMatcher(flags, async (matcher) => matcher.match(a, b, requireTask(matcher, flags.task)))
      process.stdout.write(`${flags.json ? JSON.stringify(result) : describeResult(result)}\n`)
    })
}

function describeResult({ task, label, score, threshold, tokenCount, truncated }: MatchResult<string>): string {
  const verdict = label === 1 ? 'match' : 'no match'
  return `${verdict}  score ${score.toFixed(4)}  threshold ${threshold.toFixed(4)}  task ${task}  ${tokenCount} tokens${truncated ? ', cut' : ''}`
}
