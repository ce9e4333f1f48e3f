import { join } from 'node:path'
import { modelConfigToJson, parameterSpecs, parseModelConfig, type ModelConfig, type TaskSpec } from '@sohu-match/core'
import { readJson, recoverFolder, type Assets, type Dataset } from '@sohu-match/node'
import type { Model } from '../autograd/pass'
import { matchTasks, parametersForTasks, type TaskMatch } from '../checkpoint/tasks-by-name'
import { exists, readCheckpoint } from '../checkpoint/checkpoint'
import type { TrainSettings } from '../config'
import { ownAssets } from '../checkpoint/dictionary'
import { initialValues } from '../initialization/parameters'
import { Variable } from '../optimizer/variable'
import { disposeModel } from '../step/trainer'
import { withPublicWeights } from './load'
import type { LoadSummary } from './plan'

export interface TakenOver {
  readonly config: ModelConfig
  readonly assets: Assets
  readonly variables: Map<string, Variable>
  /** What was loaded from public weights; absent for a checkpoint of this project, which has everything. */
  readonly summary?: LoadSummary
  /** The tasks that a checkpoint of this project knows, by name, and those that it does not. */
  readonly match?: TaskMatch
}

/** The keys of config.json that a run chooses for any checkpoint. */
const OWN_KEYS_OF_CHECKPOINT = ['architecture', 'max_length', 'hidden_dropout_prob', 'pooling'] as const

/** Detects a checkpoint of this project by its `conditioning` key, which no public configuration has. */
export async function isOwnCheckpoint(folder: string): Promise<boolean> {
  await recoverFolder(folder)
  const path = join(folder, 'config.json')
  if (!(await exists(path))) return false
  const config = await readJson(path, 'checkpoint-invalid', 'checkpoint-invalid')
  return typeof config === 'object' && config !== null && 'conditioning' in config
}

/**
 * Loads the weights, vocabulary and sizes in a folder, of this project or public, with the run's tasks, length and
 * dropout. Tasks are matched by name; a new one starts from scratch. Frees everything if it throws:
 * `checkpoint-invalid` for weights that do not fit, `config-invalid` for a different network.
 */
export async function takeOver(
  settings: TrainSettings,
  init: string,
  tasks: readonly TaskSpec[],
  allowMissing: readonly string[] = [],
  places?: Dataset['places']
): Promise<TakenOver> {
  return (await isOwnCheckpoint(init))
    ? takeOverOwn(settings, init, tasks, places)
    : takeOverPublic(settings, init, tasks, allowMissing)
}

async function takeOverOwn(
  settings: TrainSettings,
  init: string,
  tasks: readonly TaskSpec[],
  places: Dataset['places']
): Promise<TakenOver> {
  const { model, assets } = await readCheckpoint(init)
  const own = Object.fromEntries(
    OWN_KEYS_OF_CHECKPOINT.flatMap((key) => (key in settings.model ? [[key, settings.model[key]]] : []))
  )
  try {
    const config = parseModelConfig({ ...modelConfigToJson(model.config), ...own, tasks }, init)
    const match = matchTasks(model.config.tasks, tasks, places)
    const kept = variablesForTasks(model, tasks, settings.seed)
    return { config, assets, variables: variablesFor(config, kept, settings.seed), match }
  } catch (cause) {
    disposeModel(model)
    throw cause
  }
}

/** Moves the parts of tasks to their indices in `tasks`; returns the same variables if tasks and order are the same. */
function variablesForTasks({ config, variables }: Model, tasks: readonly TaskSpec[], seed: number) {
  const facts = (of: readonly TaskSpec[]): string =>
    JSON.stringify(of.map(({ name, kind, labels }) => [name, kind, labels]))
  if (facts(config.tasks) === facts(tasks)) return variables
  const kept = new Map(variables)
  const valuesOf = (name: string): Float32Array => variables.get(name)!.values()
  for (const [name, { values, shape }] of parametersForTasks(config, tasks, valuesOf, seed)) {
    variables.get(name)!.dispose()
    kept.set(name, Variable.create(values, shape))
  }
  return kept
}

/**
 * The variables of a network in its order: those in `kept`, others at their initial values. A checkpoint of another
 * architecture provides its encoder, but not its head.
 */
function variablesFor(config: ModelConfig, kept: ReadonlyMap<string, Variable>, seed: number): Map<string, Variable> {
  const specs = parameterSpecs(config)
  const names = new Set(specs.map(({ name }) => name))
  for (const [name, variable] of kept) if (!names.has(name)) variable.dispose()
  return new Map(
    specs.map((spec) => [spec.name, kept.get(spec.name) ?? Variable.create(initialValues(spec, seed), spec.shape)])
  )
}

function takeOverPublic(
  settings: TrainSettings,
  init: string,
  tasks: readonly TaskSpec[],
  allowMissing: readonly string[]
): Promise<TakenOver> {
  return withPublicWeights(
    init,
    { tasks, model: settings.model, seed: settings.seed, allowMissing },
    async ({ config, vocab, origin, summary, parameters }) => {
      const variables = new Map<string, Variable>()
      try {
        for (const { name, shape, read } of parameters) variables.set(name, Variable.create(await read(), shape))
      } catch (cause) {
        for (const variable of variables.values()) variable.dispose()
        throw cause
      }
      return { config, assets: { vocab, ...(await ownAssets(config, origin)) }, variables, summary }
    }
  )
}
