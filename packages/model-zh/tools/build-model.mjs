import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { makeModel } from './recipe.mjs'

// Writes model/ from nothing but the corpus and the public weights.
// --seed N (default 1); --short trains a few steps only, to see the whole recipe work; --out DIR writes elsewhere.
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    short: { type: 'boolean', default: false },
    out: { type: 'string', default: 'packages/model-zh/model' }
  }
})
const folder = `runs/model-zh${values.short ? '-short' : ''}-${values.seed}`
rmSync(fileURLToPath(new URL(`../../../${folder}`, import.meta.url)), { recursive: true, force: true })
if (!makeModel({ folder, ...values })) process.exit(1)
