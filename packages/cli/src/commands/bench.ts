import { wholeNumber } from '@sohu-match/node/cli'
import type { Command } from 'commander'
import { benchMatcher, describeReport } from '../bench'
import { usingMatcher, withModel, type ModelFlags } from '../model-flags'

interface BenchFlags extends ModelFlags {
  readonly runs: number
  readonly pairs: number
  readonly json?: boolean
}

export function addBench(program: Command): void {
  withModel(program.command('bench'))
    .description('measure the model on this machine')
    .option('--runs <n>', 'times that each single pair is judged', wholeNumber(1), 30)
    .option('--pairs <n>', 'pairs of the mixed run', wholeNumber(1), 500)
    .option('--json', 'print the report as JSON')
    .action(async (flags: BenchFlags) => {
      const uncached = { ...flags, cacheSize: 0 } // otherwise a bi-encoder would reuse its vectors
      const report = await usingMatcher(uncached, (matcher) => benchMatcher(matcher, flags.runs, flags.pairs))
      process.stdout.write(`${flags.json ? JSON.stringify(report) : describeReport(report)}\n`)
    })
}
