#!/usr/bin/env node
// npm start: from a fresh clone to a trained, exported model that matches texts. What is done already is not done again.
import { existsSync } from 'node:fs'
import { prepare } from './prepare.mjs'
import { nx, run } from './run.mjs'

await prepare()

const [runFolder, model] = ['runs/demo', 'models/demo']
console.log('\n1/3 Train six tasks on the embedded demo corpus (about two minutes on two cores)')
nx('run', 'train:sohu', '--', '--out', runFolder, ...(existsSync(`${runFolder}/train.json`) ? ['--resume'] : []))

console.log('\n2/3 Export to quantized ONNX, held to its F1 on the valid split')
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
  '--data',
  'runs/.cache/demo-corpus',
  '--gate',
  '0.01',
  '--force'
) // 200 pairs a task: two other labels are a point of F1

console.log('\n3/3 Match texts with @sohu-match/sdk-node')
nx('run', 'sdk-node:build')
run(process.execPath, 'scripts/show-matches.mjs', model)
