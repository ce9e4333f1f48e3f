import { recipeOptions } from './options.mjs'
import { makeModel } from './recipe.mjs'
import { forget } from './steps.mjs'

const HELP = `Usage: model [--seed N] [--out FOLDER] [--short] [--force]
  --seed     seed of the run (default: 1)
  --out      folder of the model, which replaces any other there (default: packages/model-zh/model, with --short …/model-short)
  --short    train a few steps on a few pairs: the whole recipe in about a minute, for tests
  --force    start over; otherwise steps that are done are not done again, and an interrupted training is resumed`

// Builds the model from the corpus and the public weights.
const { seed, out, short, force } = recipeOptions(HELP)
const kind = short ? '-short' : ''
const folder = `runs/model-zh${kind}-${seed}`
if (force) forget(folder)
if (!makeModel({ folder, out: out ?? `packages/model-zh/model${kind}`, seed, short })) process.exit(1)
