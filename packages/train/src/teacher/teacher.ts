import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { kindOf, MatcherError, type TaskSpec, type Tokenizer } from '@sohu-match/core'
import { recoverFolder, sha256File, tokenizerOf } from '@sohu-match/node'
import type { Model } from '../autograd/pass'
import type { Arithmetic } from '../autograd/training-ops'
import { readCheckpoint } from '../checkpoint/checkpoint'
import { parseTrainSettings } from '../config'
import { networkOf, type PairNetwork } from '../evaluate/predict'
import { isOwnCheckpoint, takeOver } from '../pretrained/take-over'
import { disposeModel } from '../step/trainer'
import { openModelFolder } from './model-folder'

export interface Teacher {
  /** Hash of everything that its scores depend on, hex. */
  readonly sha256: string
  readonly tasks: readonly TaskSpec[]
  readonly tokenizer: Tokenizer
  /** Maximum tokens of a pair or, for a bi-encoder, of a text. */
  readonly maxLength: number
  readonly network: PairNetwork
  dispose(): Promise<void>
}

/**
 * Opens a checkpoint, an exported model folder, or public weights, which are read as an untrained bi-encoder of [CLS]
 * for `tasks`. `arithmetic` is that of the run it teaches; an exported graph has its own. Throws the errors of each reader, and `config-invalid` if the teacher lacks one of the tasks.
 */
export async function openTeacher(
  folder: string,
  tasks: readonly TaskSpec[],
  arithmetic: Arithmetic = {}
): Promise<Teacher> {
  await recoverFolder(folder)
  const teacher = existsSync(join(folder, 'manifest.json'))
    ? await openModelFolder(folder)
    : (await isOwnCheckpoint(folder))
      ? await openOwnCheckpoint(folder, arithmetic)
      : await openPublicWeights(folder, tasks, arithmetic)
  const unknown = tasks.find(
    ({ name, kind }) => !teacher.tasks.some((task) => task.name === name && task.kind === kind)
  )
  if (unknown === undefined) return teacher
  await teacher.dispose()
  throw new MatcherError(
    'config-invalid',
    `The teacher in ${folder} does not know the ${kindOf(unknown)} task "${unknown.name}" (it knows ` +
      `${teacher.tasks.map(({ name }) => name).join(', ')}); train on its tasks alone with only_tasks, or name another --teacher.`
  )
}

/** Files of a checkpoint that determine its outputs. */
const DECISIVE = ['config.json', 'vocab.txt', 'dictionary.bin', 'model.safetensors']

async function openOwnCheckpoint(folder: string, arithmetic: Arithmetic): Promise<Teacher> {
  const { model, assets } = await readCheckpoint(folder)
  const files = DECISIVE.filter((name) => existsSync(join(folder, name)))
  return teacherOf(model, tokenizerOf(assets), await hashOf(folder, files), arithmetic)
}

/** Pooling by [CLS] is what public sentence encoders of this architecture were trained for. */
async function openPublicWeights(folder: string, tasks: readonly TaskSpec[], arithmetic: Arithmetic): Promise<Teacher> {
  const model = { architecture: 'bi-encoder', pooling: 'cls' }
  const settings = parseTrainSettings({ model, epochs: 1, learning_rate: 1 }, 'the teacher')
  const { config, variables, assets } = await takeOver(settings, folder, tasks)
  const files = (await readdir(folder)).filter((name) => !name.startsWith('.')).sort()
  return teacherOf({ config, variables }, tokenizerOf(assets), await hashOf(folder, files), arithmetic)
}

function teacherOf(model: Model, tokenizer: Tokenizer, sha256: string, arithmetic: Arithmetic): Teacher {
  const { tasks, maxLength } = model.config
  const network = networkOf(model, arithmetic)
  return { sha256, tasks, tokenizer, maxLength, network, dispose: async () => disposeModel(model) }
}

async function hashOf(folder: string, files: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
  for (const name of files) hash.update(`${name} ${await sha256File(join(folder, name))}\n`)
  return hash.digest('hex')
}
