import { recipeOptions } from './options.mjs'
import { makeModel } from './recipe.mjs'
import { done, forget, step } from './steps.mjs'

const HELP = `Usage: small [--seed N] [--out FOLDER] [--short] [--force]
  --seed     seed of the run (default: 1)
  --out      folder of the model (default: packages/model-zh/model-small)
  --short    train a few steps on a few pairs, to see the whole recipe work
  --force    start over; otherwise steps that are done are not done again, and an interrupted training is resumed`

// Writes a smaller model that learns scores and vectors from the model itself: two of its four layers, embeddings a quarter as wide.
const { seed, out, short, force } = recipeOptions(HELP)
const kind = short ? '-short' : ''
const [large, folder] = [`runs/model-zh${kind}-${seed}`, `runs/model-zh-small${kind}-${seed}`]
if (force) forget(folder)
if (!makeModel({ folder: large, out: `packages/model-zh/model${kind}`, seed, short })) process.exit(1)

const [data, teacher] = [`${large}/pairs/news`, `${large}/mixed`]
const [start, run, centered] = ['start', 'run', 'centered'].map((name) => `${folder}/${name}`)
if (!done(start))
  step('train', 'student', '--from', teacher, '--layers', '0,3', '--embedding-size', '128', '--out', start)
const begin = [
  '--data',
  data,
  '--init',
  start,
  '--teacher',
  teacher,
  '--preset',
  'model-zh-small',
  '--set',
  `seed=${seed}`
]
step('train', 'sohu', '--out', run, ...(done(`${run}/train.json`) ? ['--resume'] : begin))
const whole = ['--start', start, '--checkpoint', `${run}/best`, '--share', '1']
step('train', 'interpolate', ...whole, '--data', data, '--out', centered, '--center', '--force')
const form = ['--dtype', 'int8,q8', '--no-latency', '--name', 'sohu-match-zh-small', ...(short ? ['--no-gate'] : [])]
step(
  'export',
  'sohu',
  '--checkpoint',
  centered,
  '--data',
  data,
  '--out',
  out ?? `packages/model-zh/model-small${kind}`,
  ...form,
  '--force'
)
