import { contentOf, done, note, status, step } from './steps.mjs'

/** The public weights that the model starts from. */
const WEIGHTS = 'bge-small-zh-v1.5'
/** Share of the trained weights in the final ones; the rest is the public encoder's (docs/results.md has the measurements). */
const SHARE = '0.7'
/**
 * Criterion A reads with the shared norms alone: its condition helped on this corpus and cost as much on real pairs. Criterion B's condition keeps nearly
 * the effect that it was trained with (SHARE times 1.4). Adding three quarters of the mean vector ranks real pairs better and these a little worse (docs/results.md).
 */
const READING = ['--condition', 'A=0', 'B=1.4', '--mean', '0.75']
/** Settings of the published model besides its preset: four times the pairs of a quick training. */
const LONG = [
  ...['batch_pairs=64', 'batch_tokens=6144', 'epoch_pairs=26000', 'ema_momentum=0.99', 'model.hidden_dropout_prob=0'],
  ...['distill_weight=0.5', 'distill_targets=vectors'] // vectors stay near the public encoder's
]
/** F1 that a precision may lose on valid: twice the default, since int8 lost .0034 in one run, with the same AUC (docs/results.md). */
const GATE = '0.006'

/**
 * Trains the model step by step: pairs of the corpus, public weights, training, mixing. Finished steps are skipped, and an interrupted
 * training is resumed. `quick` trains on a quarter of the pairs in small batches, for `npm start`. Returns the folders of its data and its
 * checkpoint, or undefined if the public weights cannot be imported; any other step that fails exits the program.
 */
export function trainModel({ folder, seed = 1, short = false, quick = false }) {
  const [pairs, start, run, mixed] = ['pairs', 'start', 'run', 'mixed'].map((name) => `${folder}/${name}`)
  const data = `${pairs}/news`
  if (!done(`${data}/dataset.json`)) step('corpus', '--out', pairs, ...(short ? ['--limit', '24'] : []))
  if (done(mixed)) return { data, mixed }
  const bi = ['--set', 'architecture=bi-encoder', 'pooling=cls']
  if (!done(start) && status('train', 'import', '--from', WEIGHTS, '--out', start, '--prune-vocabulary', ...bi) !== 0)
    return undefined
  const [teacher, settings] = quick ? [[], []] : [['--teacher', start], LONG]
  const recipe = ['--preset', 'model-zh', '--set', `seed=${seed}`, ...settings]
  const begin = ['--data', data, '--init', start, ...teacher, ...recipe]
  step('train', 'sohu', '--out', run, ...(done(`${run}/train.json`) ? ['--resume'] : begin))
  const between = ['--start', start, '--checkpoint', `${run}/best`, '--share', SHARE, ...READING]
  step('train', 'interpolate', ...between, '--data', data, '--out', mixed, '--center', '--force')
  return { data, mixed }
}

/**
 * Trains the model and exports it to `out`, unless `out` still has the manifest that this recipe wrote there; a quick training keeps any other model,
 * too. Returns false if the public weights cannot be imported.
 */
export function makeModel({ folder, out, seed, short, quick }) {
  const [exported, manifest] = [`${folder}/exported.json`, `${out}/manifest.json`]
  if (done(manifest) && (quick || (done(exported) && contentOf(exported) === contentOf(manifest)))) {
    console.log(`\n${out} has a model already, which is kept.`)
    return true
  }
  const trained = trainModel({ folder, seed, short, quick })
  if (!trained) return false
  const gate = short ? ['--no-gate'] : ['--gate', GATE]
  const form = ['--dtype', 'int8,q8,fp16', '--no-latency', ...gate, '--name', 'sohu-match-zh']
  step('export', 'sohu', '--checkpoint', trained.mixed, '--data', trained.data, '--out', out, ...form, '--force')
  note(exported, contentOf(manifest))
  return true
}
