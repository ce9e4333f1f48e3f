import { MatcherError } from '@sohu-match/core'
import type { GivenColumns, SplitName } from '@sohu-match/node'
import { Option } from 'commander'

export const DATA_HELP =
  'labeled pairs: a .tsv, .csv, .jsonl or .parquet file, or a folder (train.tsv and dev.tsv, the Sohu layout, or a dataset.json)'

const ROLES = ['a', 'b', 'label', 'id', 'split']

export function columnsOption(): Option {
  return new Option(
    '--columns <role=name...>',
    `columns of a file whose names are not recognized: ${ROLES.join('=…, ')}=… (numbers from 1 where it has no header)`
  )
    .argParser(addColumn)
    .default({}, 'by their names')
}

/** `all` is every labeled pair, for a file that was not trained on. */
export function splitOption(fallback: SplitChoice): Option {
  return new Option('--split <name>', 'which part; all: every pair, for data that was not trained on')
    .choices(['train', 'valid', 'test', 'all'])
    .default(fallback)
}

export function taskOption(): Option {
  return new Option('--task <name>', "the task of a file's pairs, for a model with several")
}

export interface DataFlags {
  readonly data: string
  readonly split: SplitChoice
  readonly columns?: GivenColumns
  readonly task?: string | undefined
}

export type SplitChoice = SplitName | 'all'

/** Throws `config-invalid`. */
export function addColumn(text: string, before: GivenColumns): GivenColumns {
  const [, role, name] = /^([^=]+)=(.+)$/s.exec(text) ?? []
  if (role !== undefined && name !== undefined && ROLES.includes(role)) return { ...before, [role]: name }
  throw new MatcherError(
    'config-invalid',
    `--columns ${text} is not role=name, for example --columns a=q1 b=q2 label=same; the roles are ${ROLES.join(', ')}.`
  )
}
