import { userPath, type GivenColumns } from '@sohu-match/node'
import { numberIn } from '@sohu-match/node/cli'
import { MatcherError } from '@sohu-match/core'
import type { Command } from 'commander'
import { columnsOption, DATA_HELP } from './data'
import { interpolate } from '../checkpoint/interpolate'
import { createProgress } from '../report/bar'

interface InterpolateFlags {
  readonly start: string
  readonly checkpoint: readonly string[]
  readonly share: number
  readonly condition: readonly string[]
  readonly mean: number
  readonly spread: number
  readonly data: string
  readonly columns: GivenColumns
  readonly out: string
  readonly center: boolean
  readonly force: boolean
}

export function addInterpolate(program: Command): void {
  program
    .command('interpolate')
    .description(
      'mix the weights of a fine-tuned checkpoint with those it started from, to keep more of what the start knew'
    )
    .requiredOption(
      '--start <dir>',
      'checkpoint the training started from (sohu-train import writes public weights as one)'
    )
    .requiredOption(
      '--checkpoint <dir...>',
      "the fine-tuned one: a run's best/ folder; the weights of several runs from one start are averaged"
    )
    .requiredOption('--share <number>', 'share of the fine-tuned weights, 0 to 1', numberIn(0, 1))
    .option(
      '--condition <task=factor...>',
      "factor of the condition's effect on a task or group of tasks, 0 or more, for example A=0 B=1.5",
      []
    )
    .option(
      '--mean <factor>',
      'add this many times the mean vector of the valid texts to every vector, 0 to 100 (bi-encoders)',
      numberIn(0, 100),
      0
    )
    .option(
      '--spread <power>',
      'multiply each coordinate of the vectors by its standard deviation over the valid texts to this power, 0 to 4 (bi-encoders)',
      numberIn(0, 4),
      0
    )
    .requiredOption('--data <path>', `${DATA_HELP}; its valid split determines thresholds and metrics`)
    .addOption(columnsOption())
    .requiredOption('--out <dir>', 'checkpoint folder to write')
    .option('--center', "move each task's offset so that its threshold is 0.5 (bi-encoders)", false)
    .option('--force', 'replace what is at --out', false)
    .action(async ({ condition, checkpoint, ...flags }: InterpolateFlags) => {
      const { start, data, out } = flags
      const progress = createProgress(process.stderr)
      const metrics = await interpolate(
        {
          ...flags,
          start: userPath(start),
          checkpoints: checkpoint.map((folder) => userPath(folder)),
          conditions: factors(condition),
          data: userPath(data),
          out: userPath(out)
        },
        (done, total) => progress.phase('evaluate', done, total)
      )
      progress.close()
      console.log(`Mean F1 on valid, at the new thresholds: ${metrics.mean.toFixed(4)}. The checkpoint is in ${out}.`)
    })
}

function factors(given: readonly string[]): Record<string, number> {
  const found = new Map<string, number>()
  for (const text of given) {
    const [, name, factor] = /^(.+)=([\d.]+)$/.exec(text) ?? []
    if (!name || !Number.isFinite(Number(factor)))
      throw new MatcherError(
        'config-invalid',
        `--condition has "${text}"; write task=factor with a factor of 0 or more, for example B=1.5.`
      )
    if (found.has(name))
      throw new MatcherError('config-invalid', `--condition has two factors for "${name}"; leave one out.`)
    found.set(name, Number(factor))
  }
  return Object.fromEntries(found)
}
