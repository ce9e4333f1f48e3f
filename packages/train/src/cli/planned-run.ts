import { join } from 'node:path'
import { MatcherError, parseModelConfig, type ModelConfig } from '@sohu-match/core'
import { readDataset, readJson } from '@sohu-match/node'
import { weightsFolder } from './init'
import { isOwnCheckpoint } from '../pretrained/take-over'
import { planRun, type PlannedStart, type RunPlan } from '../run/plan'
import type { RunSource } from '../run/source'

/** Public weights that a planned run starts from. */
const PUBLIC_START = 'bge-small-zh-v1.5'

/** Why the public weights cannot be had: no source in reach, or nowhere to keep them. */
const UNAVAILABLE: readonly string[] = ['network', 'storage']

/** A plan, and the folder of the weights that it starts from. */
export interface ResolvedPlan {
  readonly plan: RunPlan
  readonly init?: string
  /** The name or folder that `--init` would be given. */
  readonly initName?: string
}

/**
 * Chooses what a run on these data starts from and how it trains. Public weights are fetched where they are not kept; where they cannot be
 * had, the plan is to start at random. Throws `data-invalid`, `checkpoint-invalid`, or what fetching throws besides `network` and `storage`.
 */
export async function resolvePlan(
  { data, columns, teacher }: RunSource,
  init: string | undefined
): Promise<ResolvedPlan> {
  const { splits } = await readDataset(data, ['train'], { columns, unlabelled: teacher !== undefined })
  const { start, folder } = await resolveStart(init)
  return {
    plan: planRun(splits.train, start),
    ...(folder !== undefined && { init: folder, initName: init ?? PUBLIC_START })
  }
}

/** What a run starts from: `--init`, or else the public weights where they can be had. */
async function resolveStart(init?: string): Promise<{ start: PlannedStart; folder?: string }> {
  try {
    const folder = await weightsFolder(init ?? PUBLIC_START)
    if (!(await isOwnCheckpoint(folder))) return { start: { kind: 'public', name: init ?? PUBLIC_START }, folder }
    return { start: { kind: 'checkpoint', folder: init!, ...(await ownKeysOf(folder)) }, folder }
  } catch (error) {
    if (init !== undefined || !(error instanceof MatcherError) || !UNAVAILABLE.includes(error.code)) throw error
    return { start: { kind: 'nothing', reason: `${PUBLIC_START} is not kept here and could not be fetched and kept` } }
  }
}

/** The plan for a person: each choice with its reason, and the flags that give the same run. */
export function planText({ plan, initName }: ResolvedPlan): string {
  const init = initName === undefined ? '' : `--init ${initName} `
  return [
    'Chosen from the data:',
    ...plan.reasons.map((reason) => `  ${reason}`),
    `The same by flags, each of which you can change: ${init}--preset ${plan.preset} --set ${plan.set.join(' ')}`
  ].join('\n')
}

/** What the plan must leave as the checkpoint has it. */
async function ownKeysOf(folder: string): Promise<Pick<ModelConfig, 'architecture' | 'pooling' | 'maxLength'>> {
  const file = join(folder, 'config.json')
  const json = await readJson(file, 'checkpoint-invalid', 'checkpoint-invalid')
  const { architecture, pooling, maxLength } = parseModelConfig(json, file)
  return { architecture, pooling, maxLength }
}
