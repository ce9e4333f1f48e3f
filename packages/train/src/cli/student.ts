import { userPath } from '@sohu-match/node'
import { wholeNumber } from '@sohu-match/node/cli'
import { InvalidArgumentError, type Command } from 'commander'
import { whole } from '../report/format'
import { makeStudent } from '../student/student'

interface StudentFlags {
  readonly from: string
  readonly out: string
  readonly layers: number[]
  readonly embeddingSize?: number
  readonly force: boolean
}

export function addStudent(program: Command): void {
  program
    .command('student')
    .description('write a checkpoint with some layers of another, for sohu --init with the other as --teacher')
    .requiredOption('--from <dir>', 'checkpoint of the larger network')
    .requiredOption('--layers <numbers>', 'layers to keep, from 0, for example 0,3', layerNumbers)
    .requiredOption('--out <dir>', 'checkpoint folder to write')
    .option('--embedding-size <columns>', 'columns of the word embeddings (default: as --from)', wholeNumber(1))
    .option('--force', 'replace what is at --out', false)
    .action(async ({ from, out, layers, embeddingSize, force }: StudentFlags) => {
      const options = { from: userPath(from), out: userPath(out), layers, embeddingSize, force }
      const parameters = await makeStudent(options)
      console.log(
        `${whole(parameters)} parameters. The checkpoint is in ${out}; let it learn from the larger network: ` +
          `npx sohu-train sohu --init ${out} --teacher ${from} --data DIR --set distill_epochs=1`
      )
    })
}

function layerNumbers(text: string): number[] {
  const numbers = text.split(',').map(Number)
  if (numbers.every((number) => Number.isInteger(number) && number >= 0)) return numbers
  throw new InvalidArgumentError('It should be whole numbers with commas between them, for example 0,3.')
}
