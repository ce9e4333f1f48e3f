import { userPath } from '@sohu-match/node'
import type { Command } from 'commander'
import { writeDemoCorpus } from '../data/demo-corpus'

export function addDemoData(program: Command): void {
  program
    .command('demo-data')
    .description('write the embedded demo corpus as a data folder in the Sohu layout')
    .requiredOption('--out <dir>', 'folder to write')
    .action(async ({ out }: { out: string }) => {
      await writeDemoCorpus(userPath(out))
      console.log(`The demo corpus is in ${out}; train on it with: npx sohu-train sohu --data ${out}`)
    })
}
