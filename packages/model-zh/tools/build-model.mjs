import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { makeModel } from './recipe.mjs'

const HELP = `Usage: model [--seed N] [--out FOLDER] [--short] [--force]
  --seed     seed of the run (default: 1)
  --out      folder of the model (default: packages/model-zh/model, with --short packages/model-zh/model-short)
  --short    train a few steps on a few pairs: the whole recipe in about a minute, for tests
  --force    start over; otherwise steps that are done are not done again, and an interrupted training is resumed`

// Writes the model from nothing but the corpus and the public weights.
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    out: { type: 'string' },
    short: { type: 'boolean', default: false },
    force: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false }
  }
})
if (values.help) {
  console.log(HELP)
  process.exit(0)
}
const { seed, short, force } = values
const kind = short ? '-short' : ''
const folder = `runs/model-zh${kind}-${seed}`
if (force) rmSync(fileURLToPath(new URL(`../../../${folder}`, import.meta.url)), { recursive: true, force: true })
if (!makeModel({ folder, out: values.out ?? `packages/model-zh/model${kind}`, seed, short })) process.exit(1)
