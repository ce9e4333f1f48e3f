import { join } from 'node:path'
import { MatcherError, parseModelConfig, type ModelConfig } from '@sohu-match/core'
import { readDataset, readJson } from '@sohu-match/node'
import { keptWeights, weightsFolder } from './init'
import { isOwnCheckpoint } from '../pretrained/take-over'
import { planRun, type PlannedStart, type RunPlan } from '../run/plan'
import type { RunSource } from '../run/source'

const PUBLIC_START = 'bge-small-zh-v1.5'

/** Errors after which a run can still start from scratch: no source can be reached, or the weights cannot be stored. */
const UNAVAILABLE: readonly string[] = ['network', 'storage']

export interface ResolvedPlan {
  readonly plan: RunPlan
  readonly init?: string
  /** As `--init` would name it. */
  readonly initName?: string
}

/**
 * Chooses start and settings for these data. Public weights are fetched if they are not cached; if they are
 * unavailable, the plan starts from scratch. Throws `data-invalid`, `checkpoint-invalid`, and the errors of fetching
 * except `network` and `storage`.
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

/** The plan that training would make, without fetching anything. Throws `data-invalid`. */
export async function expectedPlan({ data, columns }: RunSource): Promise<ResolvedPlan> {
  const { splits } = await readDataset(data, ['train'], { columns })
  const folder = await keptWeights(PUBLIC_START)
  return {
    plan: planRun(splits.train, { kind: 'public', name: PUBLIC_START, kept: folder !== undefined }),
    ...(folder !== undefined && { init: folder }),
    initName: PUBLIC_START
  }
}

async function resolveStart(init?: string): Promise<{ start: PlannedStart; folder?: string }> {
  try {
    const folder = await weightsFolder(init ?? PUBLIC_START)
    if (!(await isOwnCheckpoint(folder)))
      return { start: { kind: 'public', name: init ?? PUBLIC_START, kept: true }, folder }
    return { start: { kind: 'checkpoint', folder: init!, ...(await ownKeysOf(folder)) }, folder }
  } catch (error) {
    if (init !== undefined || !(error instanceof MatcherError) || !UNAVAILABLE.includes(error.code)) throw error
    return { start: { kind: 'nothing', reason: `${PUBLIC_START} is not cached and could not be fetched` } }
  }
}

/** Each choice with its reason, and the flags that request the same run. */
export function planText({ plan, initName }: ResolvedPlan): string {
  const init = initName === undefined ? '' : `--init ${initName} `
  return [
    'Chosen from the data:',
    ...plan.reasons.map((reason) => `  ${reason}`),
    `The same by flags, each of which you can change: ${init}--preset ${plan.preset} --set ${plan.set.join(' ')}`
  ].join('\n')
}

/** Settings of the checkpoint that the plan must keep. */
async function ownKeysOf(folder: string): Promise<Pick<ModelConfig, 'architecture' | 'pooling' | 'maxLength'>> {
  const file = join(folder, 'config.json')
  const json = await readJson(file, 'checkpoint-invalid', 'checkpoint-invalid')
  const { architecture, pooling, maxLength } = parseModelConfig(json, file)
  return { architecture, pooling, maxLength }
}
