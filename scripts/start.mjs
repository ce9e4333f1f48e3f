#!/usr/bin/env node
// npm start: from a fresh clone to a trained, exported model that matches texts. Finished steps are skipped.
// --from-scratch trains a small network without public weights; --short uses few pairs or steps, to try every step out.
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { makeModel } from '../packages/model-zh/tools/recipe.mjs'
import { prepare } from './prepare.mjs'
import { quietBuild } from './quiet-build.mjs'
import { run } from './run.mjs'

const { values } = parseArgs({
  options: { 'from-scratch': { type: 'boolean', default: false }, short: { type: 'boolean', default: false } }
})
const kind = values.short ? '-short' : ''
await prepare()

const pretrained = !values['from-scratch'] && fromPublicWeights()
const model = pretrained || fromScratch()
console.log('\nMatch texts with @sohu-match/sdk-node')
quietBuild('sdk-node')
run(process.execPath, 'scripts/show-matches.mjs', model, ...(pretrained ? [] : ['generated']))

/** Trains public weights on the embedded corpus of news; returns its model folder, or undefined if they cannot be imported. */
function fromPublicWeights() {
  console.log(
    '\nTrain public weights on the embedded corpus of Chinese news, export, match (10 to 15 minutes on two cores)'
  )
  quietBuild('train', 'export', 'corpus')
  const [folder, out] = [`runs/model-zh-quick${kind}-1`, `packages/model-zh/model${values.short ? '-quick-short' : ''}`]
  if (makeModel({ folder, out, short: values.short, quick: true })) return out
  console.log(
    '\nThe public weights are not available (the reason is above), so a small network is trained from scratch on a generated corpus.'
  )
  return undefined
}

/** Trains a small network on the generated demo corpus; returns its model folder. */
function fromScratch() {
  const [folder, out] = [`runs/demo${kind}`, `models/demo${kind}`]
  console.log('\nTrain six tasks on the generated demo corpus (about two minutes on two cores)')
  const short = values.short ? ['--set', 'epochs=1', 'epoch_pairs=1000'] : []
  const begin = existsSync(`${folder}/train.json`) ? ['--resume'] : short
  quietBuild('train', 'export')
  run(process.execPath, 'packages/train/dist/cli.js', 'sohu', '--out', folder, ...begin)
  console.log('\nExport to quantized ONNX, held to its F1 on the valid split')
  const gate = values.short ? ['--no-gate', '--no-latency'] : ['--gate', '0.01'] // with 200 pairs per task, two different labels change F1 by .01
  const data = ['--data', 'runs/.cache/demo-corpus', ...gate]
  const form = ['--dtype', 'fp32,int8,q8', '--name', 'sohu-demo', ...data, '--force']
  run(process.execPath, 'packages/export/dist/cli.js', 'sohu', '--checkpoint', `${folder}/best`, '--out', out, ...form)
  return out
}
