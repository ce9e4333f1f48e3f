import { Command } from 'commander'
import { addDemoData } from './cli/demo-data'
import { addErrors } from './cli/errors'
import { addEvaluate } from './cli/evaluate'
import { addImport } from './cli/import'
import { addPredict } from './cli/predict'
import { addPretrain } from './cli/pretrain'
import { addProfile } from './cli/profile'
import { addSohu } from './cli/sohu'
import { addStudy } from './cli/study'

/** The commands of this package; each Nx target `train:NAME` runs the one of its name. */
export const program = new Command('train')
  .description('Train the six-task conditional-LayerNorm RoFormer, evaluate it, and predict with it.')
  .showHelpAfterError('(--help lists the options)')

for (const add of [
  addSohu,
  addEvaluate,
  addErrors,
  addStudy,
  addPredict,
  addDemoData,
  addImport,
  addPretrain,
  addProfile
])
  add(program)
