import type { GivenColumns, SplitName } from '@sohu-match/node'
import { COLUMNS } from '@sohu-match/node/cli'
import { Option } from 'commander'

export const DATA_HELP =
  'labeled pairs: a .tsv, .csv, .jsonl or .parquet file, or a folder (train.tsv and dev.tsv, the Sohu layout, or a dataset.json)'

export function columnsOption(): Option {
  return new Option(COLUMNS.flags, COLUMNS.description).argParser(COLUMNS.parse).default({}, 'by their names')
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
