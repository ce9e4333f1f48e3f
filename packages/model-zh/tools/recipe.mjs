import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The public weights that the model starts from. */
const WEIGHTS = 'bge-small-zh-v1.5'
/** Share of the trained weights in the final ones; the rest is the public encoder's (docs/results.md has the figures). */
const SHARE = '0.5'
const root = fileURLToPath(new URL('../../..', import.meta.url))

/**
 * Makes the model step by step: pairs of the corpus, public weights, training, mixing, export. Steps that are done are not done again, and
 * an interrupted training is resumed. Returns false if the public weights cannot be imported; any other step that fails exits the program.
 */
export function makeModel({ folder, out, seed = 1, short = false }) {
  const [pairs, start, run, mixed] = ['pairs', 'start', 'run', 'mixed'].map((name) => `${folder}/${name}`)
  const data = `${pairs}/news`
  const done = (path) => existsSync(`${root}/${path}`)
  if (done(mixed) && done(`${out}/manifest.json`)) return true
  if (!done(`${data}/dataset.json`)) step('corpus', '--out', pairs, ...(short ? ['--limit', '24'] : []))
  const bi = ['--set', 'architecture=bi-encoder', 'pooling=cls']
  if (!done(start) && status('train', 'import', '--from', WEIGHTS, '--out', start, '--prune-vocabulary', ...bi) !== 0)
    return false
  const begin = ['--data', data, '--init', start, '--preset', 'model-zh', '--set', `seed=${seed}`]
  step('train', 'sohu', '--out', run, ...(done(`${run}/train.json`) ? ['--resume'] : begin))
  const between = ['--start', start, '--checkpoint', `${run}/best`, '--share', SHARE]
  step('train', 'interpolate', ...between, '--data', data, '--out', mixed, '--center', '--force')
  const form = ['--dtype', 'int8,q8,fp16', '--no-latency', '--name', 'sohu-match-zh', ...(short ? ['--no-gate'] : [])]
  step('export', 'sohu', '--checkpoint', mixed, '--data', data, '--out', out, ...form, '--force')
  return true
}

/** One command of this repository, as the Nx target `package:command` runs it; paths are relative to the root. Ends the program if it fails. */
function step(name, ...flags) {
  const code = status(name, ...flags)
  if (code !== 0) process.exit(code)
}

function status(name, ...flags) {
  console.log(`\n${name} ${flags.join(' ')}`)
  const { status, error } = spawnSync(process.execPath, [`packages/${name}/dist/cli.js`, ...flags], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, INIT_CWD: root }
  })
  if (error) throw error
  return status ?? 1
}
