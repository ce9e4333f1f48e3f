import { checkOptions, checkPair, checkRun, checkText, MAX_TEXT_LENGTH } from './check-input'
import type { Outcome } from './call'
import type { Device } from '../dtype'
import type { BatchLimits, Engine } from '../engine/engine'
import { MatcherError } from '../errors'
import type { Manifest } from '../formats/manifest'
import type {
  CommonOptions,
  Matcher,
  MatcherInfo,
  MatchResult,
  Pair,
  RankOptions,
  RunManyOptions,
  RunOptions
} from './types'
import { createScheduler } from './scheduler'
import { combineLogits, matchScore } from './score'

/** What an SDK found out while loading; `workers` is how many batches its engine runs at once. */
export type EngineInfo = Pick<MatcherInfo, 'device' | 'dtype' | 'reasons' | 'workers' | 'threads' | 'versions'>

/**
 * Batches by device. On a CPU time goes with tokens, padding included, and a small batch keeps its rows in cache: of 256 to 4,096 tokens,
 * 256 and 512 were the fastest (6 x 384 int8, news pairs of 252 tokens in the mean). A GPU wants to be full.
 */
export const BATCH_LIMITS: Readonly<Record<Device, BatchLimits>> = {
  cpu: { tokens: 512, padding: 0.1 },
  wasm: { tokens: 1_024, padding: 0.1 },
  cuda: { tokens: 16_384, padding: 0.3 },
  webgpu: { tokens: 8_192, padding: 0.3 }
}

/** The matcher over a loaded engine: checks, queue, batches, order, thresholds. Throws `task-unknown` and `input-invalid` for its options. */
export function createMatcherFrom<T extends string>(
  engine: Engine,
  manifest: Manifest,
  info: EngineInfo,
  options: Omit<CommonOptions<T>, 'model'>
): Matcher<T> {
  const checked = checkOptions(options, manifest.tasks, manifest.maxLength)
  const { tasks, thresholds, maxLength, truncation, maxQueue } = checked
  const batch = { ...BATCH_LIMITS[info.device], ...checked.batch }
  const scheduler = createScheduler(engine, {
    policy: { maxLength, truncation },
    batch,
    concurrency: info.workers,
    maxQueue
  })
  const graph = manifest.graphs[info.dtype]!
  let disposing: Promise<void> | undefined

  function toResult(task: T, outcome: Outcome): MatchResult<T> {
    const logits = combineLogits(outcome, truncation)
    const score = matchScore(logits)
    const threshold = thresholds.get(task)!
    const { tokenCount, truncated } = outcome
    return { task, label: score > threshold ? 1 : 0, score, threshold, logits, tokenCount, truncated }
  }

  async function matchMany(pairs: readonly Pair<T>[], run: RunManyOptions = {}): Promise<MatchResult<T>[]> {
    checkRun(run)
    if (!Array.isArray(pairs)) throw new MatcherError('input-invalid', 'pairs must be an array of { a, b, task }.')
    const checked = pairs.map((pair, index) => checkPair(pair ?? {}, tasks, pairs.length > 1 ? `pairs[${index}].` : ''))
    const outcomes = await scheduler.submit(checked, run)
    return outcomes.map((outcome, index) => toResult(pairs[index]!.task, outcome))
  }

  const matcher: Matcher<T> = {
    match: async (a: string, b: string, task: T, run?: RunOptions) => (await matchMany([{ a, b, task }], run))[0]!,
    matchMany,
    async rank(query: string, candidates: readonly string[], task: T, run: RankOptions = {}) {
      checkRun(run)
      checkText(query, 'query')
      if (!Array.isArray(candidates)) throw new MatcherError('input-invalid', 'candidates must be an array of strings.')
      candidates.forEach((text, index) => checkText(text, `candidates[${index}]`))
      const results = await matchMany(
        candidates.map((b) => ({ a: query, b, task })),
        { signal: run.signal, deadlineMs: run.deadlineMs }
      )
      const ranked = results.map((result, index) => ({ ...result, index, text: candidates[index]! }))
      return ranked.sort((one, other) => other.score - one.score || one.index - other.index).slice(0, run.topK)
    },
    info: {
      model: manifest.name,
      modelHash: manifest.files[graph.file]!.sha256,
      ...info,
      tasks,
      limits: { maxLength, maxTextLength: MAX_TEXT_LENGTH, maxQueue, batchTokens: batch.tokens }
    },
    dispose: () => (disposing ??= scheduler.dispose().then(() => engine.dispose())),
    [Symbol.asyncDispose]: () => matcher.dispose()
  }
  return matcher
}
