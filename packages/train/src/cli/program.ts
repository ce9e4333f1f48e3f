import { Command } from 'commander'
import { addCheckData } from './check-data'
import { addCheckLabels } from './check-labels'
import { addCompare } from './compare'
import { addDemoData } from './demo-data'
import { addErrors } from './mistakes'
import { addEvaluate } from './evaluate'
import { addImport } from './import'
import { addInterpolate } from './interpolate'
import { addPredict } from './predict'
import { addPretrain } from './pretrain'
import { addProfile } from './profile'
import { addSohu } from './sohu'
import { addStudent } from './student'
import { addStudy } from './study'
import { addWeights } from './weights'

/** The Nx target `train:NAME` runs the command NAME. */
export const program = new Command('sohu-train')
  .description('Train the six-task conditional-LayerNorm RoFormer, evaluate it, and predict with it.')
  .showHelpAfterError('(--help lists the options)')

for (const add of [
  addSohu,
  addCheckData,
  addCheckLabels,
  addEvaluate,
  addErrors,
  addCompare,
  addStudy,
  addPredict,
  addDemoData,
  addImport,
  addInterpolate,
  addPretrain,
  addProfile,
  addStudent,
  addWeights
])
  add(program)
