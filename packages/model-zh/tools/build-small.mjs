import { recipeOptions } from './options.mjs'
import { gateFlags, trainModel } from './recipe.mjs'
import { done, forget, step } from './steps.mjs'

const HELP = `Usage: small [--seed N] [--out FOLDER] [--short] [--force]
  --seed     seed of the run (default: 1)
  --out      folder of the model (default: packages/model-zh/model-small)
  --short    train a few steps on a few pairs, to see the whole recipe work
  --force    start over; otherwise steps that are done are not done again, and an interrupted training is resumed`

// Builds a smaller model, with two of its teacher's four layers and embeddings a quarter as wide, that learns the teacher's scores and
// vectors. The teacher is trained with the same seed; its exported folder is left alone.
const { seed, out, short, force } = recipeOptions(HELP)
const kind = short ? '-short' : ''
const folder = `runs/model-zh-small${kind}-${seed}`
if (force) forget(folder)
const trained = trainModel({ folder: `runs/model-zh${kind}-${seed}`, seed, short })
if (!trained) process.exit(1)

const { data, mixed: teacher } = trained
const [start, run, centered] = ['start', 'run', 'centered'].map((name) => `${folder}/${name}`)
if (!done(start))
  step('train', 'student', '--from', teacher, '--layers', '0,3', '--embedding-size', '128', '--out', start)
const learning = ['--init', start, '--teacher', teacher, '--preset', 'model-zh-small', '--set', `seed=${seed}`]
step('train', 'sohu', '--out', run, ...(done(`${run}/train.json`) ? ['--resume'] : ['--data', data, ...learning]))
const whole = ['--start', start, '--checkpoint', `${run}/best`, '--share', '1']
step('train', 'interpolate', ...whole, '--data', data, '--out', centered, '--center', '--force')
const target = ['--out', out ?? `packages/model-zh/model-small${kind}`, '--name', 'sohu-match-zh-small', '--force']
const form = ['--dtype', 'int8,q8', '--no-latency', ...gateFlags(short)]
step('export', 'sohu', '--checkpoint', centered, '--data', data, ...form, ...target)
