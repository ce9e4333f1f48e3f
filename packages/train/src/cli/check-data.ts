import { MatcherError, MIN_THRESHOLD_ROWS } from '@sohu-match/core'
import { readDataset, userPath, type Dataset, type GivenColumns } from '@sohu-match/node'
import type { Command } from 'commander'
import { jiebaWords } from '../checkpoint/dictionary'
import { dataFacts, type DataFacts, type Lengths, type PartFacts } from '../data/facts'
import { evaluation } from '../evaluate/evaluation'
import { fitLexicalBaseline } from '../lexical/baseline'
import { lexicalScores } from '../lexical/beside'
import { figureRows, type TextRows } from '../report/figures'
import { percent, whole } from '../report/format'
import { jsonLine, textTable } from '../report/table'
import { columnsOption, DATA_HELP } from './data'
import { expectedPlan, planText } from './planned-run'

interface CheckFlags {
  readonly data: string
  readonly columns: GivenColumns
  readonly json: boolean
}

export function addCheckData(program: Command): void {
  program
    .command('check-data')
    .description(
      'report what was understood of labeled pairs: columns, splits, balance, lengths, duplicates, contradicting labels, the lexical baseline, and the settings that fit'
    )
    .requiredOption('--data <path>', DATA_HELP)
    .addOption(columnsOption())
    .option('--json', 'print one JSON line instead', false)
    .action(async ({ data: path, columns, json }: CheckFlags) => {
      const data = userPath(path)
      const dataset = await readDataset(data, ['train', 'valid', 'test'], { columns, optional: ['valid', 'test'] })
      const facts = dataFacts(dataset)
      const baseline = await baselineRows(dataset)
      const resolved = await expectedPlan({ data, columns })
      if (json)
        return void process.stdout.write(jsonLine('data', { notes: dataset.notes, ...facts, plan: resolved.plan }))
      const color = process.stdout.isTTY
      console.log(
        [...dataset.notes, textTable(PART_HEAD, partRows(facts), color), ...doubts(facts, dataset)].join('\n')
      )
      if (typeof baseline === 'string') console.log(baseline)
      else {
        console.log('The lexical baseline, fitted on train, thresholds from valid, which a network should beat:')
        console.log(textTable(baseline.head, baseline.rows, color))
      }
      console.log(planText(resolved))
      console.log(`Train: npx sohu-train sohu --data ${path} --out runs/mine`)
    })
}

const PART_HEAD = ['task', 'split', 'pairs', 'matches or labels', 'first text: median, 95 %, longest', 'second text']

function partRows({ parts }: DataFacts): string[][] {
  const lengths = ({ median, most, longest }: Lengths): string => [median, most, longest].map(whole).join(', ')
  return parts.map((part) => [
    part.task,
    part.split,
    whole(part.pairs),
    part.unlabelled === part.pairs ? 'no labels' : labelCell(part),
    lengths(part.a),
    lengths(part.b)
  ])
}

/** Labels in a cell; of more, the most frequent. */
const SHOWN_LABELS = 4

function labelCell({ pairs, unlabelled, matches, kind, labels = {} }: PartFacts): string {
  if (!kind) return `${whole(matches)} (${percent(matches / (pairs - unlabelled))})`
  if (kind === 'score') return 'scores'
  const sorted = Object.entries(labels).sort(([, one], [, other]) => other - one)
  const shown = sorted.slice(0, SHOWN_LABELS).map(([label, count]) => `${label} ${whole(count)}`)
  return shown.join(', ') + (sorted.length > SHOWN_LABELS ? ', …' : '')
}

/** Sentences about whatever deserves a look. */
function doubts(facts: DataFacts, { missing }: Dataset): string[] {
  const { duplicates, contradictions, shared, emptyTexts, parts } = facts
  const counted = (count: number, text: string): string[] => (count > 0 ? [`${whole(count)} ${text}`] : [])
  const examples = contradictions.slice(0, 3).map(({ a, b = '' }) => `    ${a.slice(0, 40)} | ${b.slice(0, 40)}`)
  return [
    'Lengths are in characters, about one token each.',
    ...(missing.length > 0 ? [`Missing: ${missing.join(', ')}.`] : []),
    ...counted(duplicates, 'pairs repeat another one.'),
    ...counted(contradictions.length, 'pairs occur with different labels; decide which is right:'),
    ...examples,
    ...counted(shared.valid, 'texts of train are also in valid: scores there flatter the model.'),
    ...counted(shared.test, 'texts of train are also in test: scores there flatter the model.'),
    ...counted(emptyTexts, 'texts are empty.'),
    ...parts
      .filter(
        ({ kind, pairs, matches, unlabelled }) =>
          !kind && unlabelled < pairs && Math.min(matches, pairs - unlabelled - matches) < 0.05 * pairs
      )
      .map(
        ({ task, split }) =>
          `${task}, ${split}: one label has fewer than 5 % of the pairs; F1 will jump with single pairs.`
      ),
    ...parts
      .filter(({ kind, split, pairs, unlabelled }) => {
        const labelled = pairs - unlabelled
        return !kind && split === 'valid' && labelled > 0 && labelled < MIN_THRESHOLD_ROWS
      })
      .map(
        ({ task }) =>
          `${task}, valid: fewer than ${MIN_THRESHOLD_ROWS} labelled pairs, so the threshold stays at 0.5; look at AUC too.`
      ),
    ...parts
      .filter(({ pairs, unlabelled }) => unlabelled < pairs)
      .flatMap(({ task, split, labels = {} }) => {
        const unused = Object.keys(labels).filter((label) => labels[label] === 0)
        return unused.length > 0 ? [`${task}, ${split}: no pair has the label ${unused.join(', ')}.`] : []
      })
  ]
}

/** The baseline on test, or on valid if test has no labels; a sentence if it cannot be fitted. */
async function baselineRows({ tasks, splits }: Dataset): Promise<TextRows | string> {
  const { train, valid, test } = splits
  const measured = [test, valid].find((pairs) => pairs.some(({ label }) => label !== undefined))
  if (!measured) return 'No match task has a labeled valid or test pair to measure the lexical baseline on.'
  try {
    const scored = lexicalScores(
      fitLexicalBaseline(train, valid, await jiebaWords()),
      tasks,
      measured.map((pair) => ({ ...pair, tokens: 0 }))
    )
    return figureRows(evaluation(scored.rows, tasks, scored.thresholds))
  } catch (error) {
    if (!(error instanceof MatcherError) || error.code !== 'data-invalid') throw error
    return `The lexical baseline cannot be fitted: ${error.message}`
  }
}
