#!/usr/bin/env node
// npm start: from a fresh clone to a trained, exported model that matches texts. What is done already is not done again.
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { makeModel } from '../packages/model-zh/tools/recipe.mjs'
import { prepare } from './prepare.mjs'
import { nx, run } from './run.mjs'

const { values } = parseArgs({ options: { 'from-scratch': { type: 'boolean', default: false } } })
await prepare()

const pretrained = !values['from-scratch'] && fromPublicWeights()
const model = pretrained ? 'models/zh' : fromScratch()
console.log('\nMatch texts with @sohu-match/sdk-node')
nx('run', 'sdk-node:build')
run(process.execPath, 'scripts/show-matches.mjs', model, ...(pretrained ? [] : ['generated']))

/** Trains public weights on the embedded corpus of news. False where they cannot be had. */
function fromPublicWeights() {
  console.log(
    '\nTrain public weights on the embedded corpus of Chinese news, export, match (10 to 15 minutes on two cores)'
  )
  nx('run-many', '-t', 'build', '-p', 'train,export,corpus')
  if (makeModel({ folder: 'runs/zh', out: 'models/zh' })) return true
  console.log(
    '\nThe public weights cannot be had (above is why), so a small network is trained from scratch on a generated corpus.'
  )
  return false
}

/** Trains a small network on the generated demo corpus; returns its model folder. */
function fromScratch() {
  const [runFolder, model] = ['runs/demo', 'models/demo']
  console.log('\nTrain six tasks on the generated demo corpus (about two minutes on two cores)')
  const resume = existsSync(`${runFolder}/train.json`) ? ['--resume'] : []
  nx('run', 'train:sohu', '--', '--out', runFolder, ...resume)
  console.log('\nExport to quantized ONNX, held to its F1 on the valid split')
  const gate = ['--data', 'runs/.cache/demo-corpus', '--gate', '0.01'] // 200 pairs a task: two other labels are a point of F1
  nx(
    'run',
    'export:sohu',
    '--',
    '--checkpoint',
    `${runFolder}/best`,
    '--out',
    model,
    '--dtype',
    'fp32,int8,q8',
    ...gate,
    '--force'
  )
  return model
}
