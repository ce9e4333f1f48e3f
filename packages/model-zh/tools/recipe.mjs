import { contentOf, done, note, status, step } from './steps.mjs'

/** The public weights that the model starts from. */
const WEIGHTS = 'bge-small-zh-v1.5'
/**
 * Share of the trained weights in the final ones (the rest is the public encoder's), and of the mean vector that is added to all. With the mean added,
 * and coordinates in which texts differ more weighted up, real pairs are ranked better and pairs of the corpus slightly worse (docs/results.md).
 */
const MIXTURE = { share: '0.85', mean: '1' }
/** The same of a quick training, which README's output was measured with. */
const QUICK_MIXTURE = { share: '0.8', mean: '0.5' }
/**
 * Criterion A reads with the shared norms alone: its condition helped on this corpus and cost as much on real pairs. Criterion B's condition keeps about
 * the effect that it was trained with (the share times 1.2).
 */
const READING = ['--condition', 'A=0', 'B=1.2']
/**
 * Settings of each training of the published model besides its preset, which has the learning rate: together six times the pairs of a quick
 * training.
 */
const LONG = [
  ...['batch_pairs=64', 'batch_tokens=6144', 'epoch_pairs=20000', 'ema_momentum=0.99', 'model.hidden_dropout_prob=0'],
  ...['mix_tasks=true', 'learning_rate_factors.*_cond=10'],
  ...['distill_weight=0.5', 'distill_targets=vectors'] // vectors stay near the public encoder's
]
/**
 * Trainings whose weights are averaged: on all rounds of the corpus, and on the first alone. The third round's sagas teach that a shared name
 * alone says little; most texts that share a name are about one thing. An average of both costs nothing in use.
 */
const TRAININGS = [
  { run: 'run', pairs: 'pairs', corpus: [] },
  { run: 'run-1', pairs: 'pairs-1', corpus: ['--rounds', '1'] }
]
/** In int8: with 8 bits, scores of Node and a browser differed by up to .016, and one label of 240 pairs (packages/export/README.md). */
const ACTIVATIONS = ['--activation-bits', '14']
/**
 * F1 that a precision may lose on valid: twice the default, since int8 lost .0029 with one of three seeds (docs/results.md), and .0045 with one of
 * an earlier recipe's, whose activations had 8 bits.
 */
const GATE = '0.006'

/** Flags of the gate for an export; none after a short run, whose few pairs say little. */
export function gateFlags(short) {
  return short ? ['--no-gate'] : ['--gate', GATE]
}

/**
 * Trains the model step by step: pairs of the corpus, public weights, training, mixing. Finished steps are skipped, and an interrupted
 * training is resumed. `quick` trains on a sixth of the pairs in small batches, for `npm start`. Returns the folders of its data and its
 * checkpoint, or undefined if the public weights cannot be imported; any other step that fails exits the program.
 */
export function trainModel({ folder, seed = 1, short = false, quick = false }) {
  const [start, mixed] = ['start', 'mixed'].map((name) => `${folder}/${name}`)
  const trainings = TRAININGS.slice(0, quick ? 1 : undefined).map(({ run, pairs, corpus }) => ({
    run: `${folder}/${run}`,
    pairs: `${folder}/${pairs}`,
    corpus: [...corpus, ...(short ? ['--limit', '24'] : [])]
  }))
  const data = `${trainings[0].pairs}/news`
  for (const { pairs, corpus } of trainings)
    if (!done(`${pairs}/news/dataset.json`)) step('corpus', '--out', pairs, ...corpus)
  if (done(mixed)) {
    console.log(`\n${mixed} has the trained weights of an earlier run, which are kept.`)
    return { data, mixed }
  }
  const bi = ['--set', 'architecture=bi-encoder', 'pooling=cls']
  if (!done(start) && status('train', 'import', '--from', WEIGHTS, '--out', start, '--prune-vocabulary', ...bi) !== 0)
    return undefined
  const [teacher, settings] = quick ? [[], []] : [['--teacher', start], LONG]
  const recipe = ['--init', start, ...teacher, '--preset', 'model-zh', '--set', `seed=${seed}`, ...settings]
  for (const { run, pairs } of trainings) {
    const begin = ['--data', `${pairs}/news`, ...recipe]
    step('train', 'sohu', '--out', run, ...(done(`${run}/train.json`) ? ['--resume'] : begin))
  }
  const { share, mean } = quick ? QUICK_MIXTURE : MIXTURE
  // Not in a short run: its few pairs choose no thresholds, and with the mean added every cosine is high.
  const vectors = short ? [] : ['--mean', mean, '--spread', '0.5']
  const ends = ['--start', start, '--checkpoint', ...trainings.map(({ run }) => `${run}/best`)]
  const mixing = [...ends, '--share', share, ...READING, ...vectors, '--data', data]
  step('train', 'interpolate', ...mixing, '--out', mixed, '--center', '--force')
  return { data, mixed }
}

/**
 * Trains the model and exports it to `out`, unless this recipe wrote the manifest there in the same form; a quick training keeps any other model,
 * too. Returns false if the public weights cannot be imported.
 */
export function makeModel({ folder, out, seed, short, quick }) {
  const [exported, manifest] = [`${folder}/exported.txt`, `${out}/manifest.json`]
  const precisions = ['--dtype', 'int8,q8,fp16', ...ACTIVATIONS]
  const form = [...precisions, '--no-latency', ...gateFlags(short), '--name', 'sohu-match-zh']
  const written = () => `${form.join(' ')}\n${contentOf(manifest)}`
  if (done(manifest) && (quick || (done(exported) && contentOf(exported) === written()))) {
    console.log(`\n${out} has a model already, which is kept.`)
    return true
  }
  const trained = trainModel({ folder, seed, short, quick })
  if (!trained) return false
  step('export', 'sohu', '--checkpoint', trained.mixed, '--data', trained.data, '--out', out, ...form, '--force')
  note(exported, written())
  return true
}
