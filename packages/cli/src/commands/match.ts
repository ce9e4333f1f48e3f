import type { Command } from 'commander'
import { answerOf, type Answer } from '../score/judge'
import { requireTask, usingMatcher, withModel, type ModelFlags } from '../model-flags'

interface MatchFlags extends ModelFlags {
  readonly task?: string
  readonly json?: boolean
}

export function addMatch(program: Command): void {
  withModel(program.command('match <a> [b]'))
    .description('judge one pair, or one text under a task with labels or a score')
    .option('--task <name>', 'the task to judge it under; optional if the model has only one')
    .option('--json', 'print the result as JSON')
    .action(async (a: string, b: string | undefined, flags: MatchFlags) => {
      const result = await usingMatcher(flags, async (matcher) =>
        answerOf(matcher, { a, b, task: requireTask(matcher, flags.task) })
      )
      process.stdout.write(`${flags.json ? JSON.stringify(result) : describeResult(result)}\n`)
    })
}

function describeResult(result: Answer): string {
  const { task, tokenCount, truncated } = result
  return `${verdictOf(result)}  task ${task}  ${tokenCount} tokens${truncated ? ', cut' : ''}`
}

function verdictOf(result: Answer): string {
  if (!('kind' in result)) {
    const { label, score, threshold } = result
    return `${label === 1 ? 'match' : 'no match'}  score ${score.toFixed(4)}  threshold ${threshold.toFixed(4)}`
  }
  if (result.kind === 'score') return result.value.toFixed(4)
  const labels = result.kind === 'one-of' ? [result.label] : result.labels
  return labels.map((label) => `${label} ${result.probabilities[label]!.toFixed(4)}`).join(', ') || 'no label'
}
