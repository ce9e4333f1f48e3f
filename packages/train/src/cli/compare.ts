import { userPath, writeFileAtomic } from '@sohu-match/node'
import type { Command } from 'commander'
import { compareRuns } from '../report/compare-runs'
import { comparisonPage } from '../report/comparison-page'

export function addCompare(program: Command): void {
  program
    .command('compare')
    .description('two runs next to each other as an HTML page: metrics with intervals, settings that differ, curves')
    .argument('<run>', 'folder of a run, such as runs/mine')
    .argument('<other>', 'folder of the other run')
    .option('--out <file>', 'HTML file to write', 'comparison.html')
    .action(async (one: string, other: string, { out }: { readonly out: string }) => {
      const comparison = await compareRuns([userPath(one), userPath(other)])
      await writeFileAtomic(userPath(out), comparisonPage(comparison))
      console.log(`The comparison of ${one} and ${other} is in ${out}.`)
    })
}
