import type { Command } from 'commander'
import { readNamedWeights } from '../pretrained/named/table'
import { namedWeights } from './init'

export function addWeights(program: Command): void {
  program
    .command('weights')
    .description('list the public weights that --init knows by name, or fetch and verify one of them')
    .argument('[name]', 'which to fetch')
    .action(async (name: string | undefined) => {
      if (name !== undefined) return console.log(`${name} is in ${await namedWeights(name)}`)
      for (const [known, { description, author, licence }] of await readNamedWeights())
        console.log(`${known}: ${description}, by ${author}, ${licence}`)
    })
}
