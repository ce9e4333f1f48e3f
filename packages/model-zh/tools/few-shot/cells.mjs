import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { train } from './command.mjs'
import { digestOf, readFile } from './data.mjs'
import { overlapAuc } from './overlap.mjs'

/** Epochs by the number of pairs, of which the best on valid is kept. Fewer pairs need more epochs for the same number of steps. */
const epochs = (pairs) => Math.max(4, Math.min(10, Math.round(1000 / pairs)))

/**
 * Flags of sohu-train sohu for each start. The pretrained starts share their settings, which were not tuned on these data: the
 * preset's, without its contrastive loss (these pairs have no topics) and with twice its learning rate. A small network from scratch gets more epochs.
 */
export const STARTS = {
  'model-zh': { name: 'model-zh', flags: (pairs, { model }) => tuning(pairs, `${model}/mixed`) },
  bge: { name: 'bge-small-zh-v1.5', flags: (pairs) => tuning(pairs, 'bge-small-zh-v1.5') },
  scratch: {
    name: 'from scratch',
    flags: (pairs) => ['--preset', 'news-small', '--set', `epochs=${4 * epochs(pairs)}`]
  },
  baseline: { name: 'lexical baseline' }
}

const tuning = (pairs, init) => [
  '--preset',
  'model-zh',
  '--init',
  init,
  '--set',
  `epochs=${epochs(pairs)}`,
  'epoch_pairs=0',
  'contrastive_weight=0',
  'learning_rate=0.0001'
]

/** 8 hexadecimal digits of a hash of everything else that a cell's metrics depend on: the pairs, the model's weights, limits and flags. */
export function settingsDigest({ path, model, task, valid, test, start, pairs }) {
  const flags = STARTS[start].flags?.(pairs, { task, model }) ?? []
  const weights = [`${model}/mixed/parity.json`, `${model}/start/parity.json`].filter(existsSync).map(digestOf)
  const known = JSON.stringify([digestOf(path), weights, flags, task, valid, test])
  return createHash('sha256').update(known).digest('hex').slice(0, 8)
}

/** Trains a start on the folder's pairs, or resumes it; returns the best checkpoint. The baseline has none: it is fitted when it is evaluated. */
export function trained({ start, pairs, seed, folder, data }, settings) {
  if (start === 'baseline') return undefined
  const run = `${folder}/run`
  const flags = [...STARTS[start].flags(pairs, settings), `seed=${seed}`, 'checkpoint_steps=0', '--data', data]
  train('sohu', '--out', run, '--json', ...(existsSync(`${run}/train.json`) ? ['--resume'] : flags))
  return `${run}/best`
}

/** F1, at the threshold chosen on valid, and AUC of a trained start on the test pairs. */
export function evaluated(start, checkpoint, data, { task, model }) {
  if (start !== 'baseline') return figures(evaluate(checkpoint, data), task)
  return figures(evaluate(`${model}/mixed`, data, '--baseline').baseline, task)
}

/** Zero-shot AUC: of model-zh, of the cosine of its public start, and of the texts' common character bigrams. */
export function zeroShot(start, data, { task, model }) {
  if (start === 'baseline') return { auc: { value: overlapAuc(readFile(`${data}/test.jsonl`)) } }
  return { auc: figures(evaluate(`${model}/${start === 'bge' ? 'start' : 'mixed'}`, data), task).auc }
}

function evaluate(checkpoint, data, ...flags) {
  return JSON.parse(
    train('evaluate', '--checkpoint', checkpoint, '--data', data, '--split', 'test', '--json', ...flags)
  )
}

function figures({ tasks, meanF1, meanAuc }, task) {
  if (!(task in tasks)) throw new Error(`The evaluation has no task ${task}.`)
  return { f1: meanF1, auc: meanAuc, threshold: tasks[task].threshold }
}
