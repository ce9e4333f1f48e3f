import type { Device } from '../dtype'
import type { BatchLimits, Engine } from '../engine/engine'
import { MatcherError } from '../errors'
import type { Manifest } from '../formats/manifest'
import {
  checkOptions,
  checkPair,
  checkRun,
  checkTaskText,
  checkText,
  copyArray,
  MAX_TEXT_LENGTH,
  type CheckedRun
} from './check-input'
import { createBiEncoder } from './bi-encoder'
import { createCrossEncoder } from './cross-encoder'
import type { Judge } from './judge'
import { checkReranker, rerankBy } from './rerank'
import { matchScore } from './score'
import type { VectorStore } from './text-vectors'
import type {
  CommonOptions,
  Matcher,
  MatcherInfo,
  MatchResult,
  Pair,
  RankOptions,
  RunManyOptions,
  RunOptions,
  VectorInfo
} from './types'

/** What an SDK found out while loading; `workers` is how many batches its engine runs at once. */
export type EngineInfo = Pick<MatcherInfo, 'device' | 'dtype' | 'reasons' | 'workers' | 'threads' | 'versions'>

/**
 * Batches by device. On a CPU the time grows with tokens, padding included, and a small batch keeps its rows in cache: of 256 to 4,096
 * tokens, 256 and 512 were the fastest (6 x 384 int8, news pairs of 252 tokens on average). A GPU is fastest when full.
 */
export const BATCH_LIMITS: Readonly<Record<Device, BatchLimits>> = {
  cpu: { tokens: 512, padding: 0.1 },
  wasm: { tokens: 1_024, padding: 0.1 },
  cuda: { tokens: 16_384, padding: 0.3 },
  webgpu: { tokens: 8_192, padding: 0.3 }
}

/** Positions of a graph whose manifest names none: its rotary tables have twice the training length, and at least this many. */
const ROTARY_POSITIONS = 2_048

/**
 * The matcher over a loaded engine: checks, queue, batches, order, thresholds. `store` keeps a bi-encoder's vectors beyond its cache.
 * Throws `task-unknown` and `input-invalid` for its options.
 */
export function createMatcherFrom<T extends string>(
  engine: Engine,
  manifest: Manifest,
  info: EngineInfo,
  options: Omit<CommonOptions<T>, 'model'>,
  store?: VectorStore
): Matcher<T> {
  const checked = checkOptions(options, {
    tasks: manifest.tasks,
    trainedLength: manifest.maxLength,
    longest: manifest.maxPositions ?? Math.max(ROTARY_POSITIONS, 2 * manifest.maxLength),
    batch: BATCH_LIMITS[info.device]
  })
  const { tasks, thresholds, policy, batch, maxQueue } = checked
  const { architecture = 'cross-encoder', hidden } = manifest
  const model =
    architecture === 'bi-encoder'
      ? createBiEncoder(engine, manifest, checked, info.workers, store)
      : createCrossEncoder(engine, checked, info.workers)
  const names = new Map(tasks.map(({ id, name }) => [id, name as T]))
  let disposing: Promise<void> | undefined

  /** Judges pairs that only this call holds: `pairs` is a copy of what the caller gave. */
  async function judge(
    pairs: readonly unknown[],
    run: CheckedRun,
    place: (index: number) => string
  ): Promise<MatchResult<T>[]> {
    const taskPairs = pairs.map((pair, index) => checkPair((pair ?? {}) as Pair, checked, place(index)))
    const judgments = await model.judge(taskPairs, run)
    return judgments.map(({ logits, tokenCount, truncated }, index) => {
      const task = names.get(taskPairs[index]!.taskId)!
      const score = matchScore(logits)
      const threshold = thresholds.get(task)!
      return { task, label: score > threshold ? 1 : 0, score, threshold, logits, tokenCount, truncated }
    })
  }

  const matcher: Matcher<T> = {
    async match(a: string, b: string, task: T, run?: RunOptions) {
      return (await judge([{ a, b, task }], checkRun(run), () => ''))[0]!
    },
    async matchMany(pairs: readonly Pair<T>[], run?: RunManyOptions) {
      const checkedRun = checkRun(run)
      return judge(copyArray(pairs, 'pairs must be an array of { a, b, task }'), checkedRun, (i) => `pairs[${i}].`)
    },
    async rank(query: string, candidates: readonly string[], task: T, run?: RankOptions) {
      const started = performance.now()
      const { topK, rerank, ...checkedRun } = checkRun(run)
      checkReranker(rerank)
      checkText(query, 'query')
      const texts = copyArray(candidates, 'candidates must be an array of strings').map((text, index) =>
        checkText(text, `candidates[${index}]`)
      )
      const pairs = texts.map((b) => ({ a: query, b, task }))
      const results = await judge(pairs, checkedRun, () => '')
      const ranked = results
        .map((result, index) => ({ ...result, index, text: texts[index]! }))
        .sort((one, other) => other.score - one.score || one.index - other.index)
      return rerank ? rerankBy(rerank, query, ranked, task, { ...checkedRun, topK }, started) : ranked.slice(0, topK)
    },
    async embed(texts: readonly string[], task: T, run?: RunManyOptions) {
      const checkedRun = checkRun(run)
      if (!model.embed)
        throw new MatcherError(
          'architecture-mismatch',
          `${manifest.name} is a cross-encoder: it judges pairs and gives no vectors. Load a bi-encoder to embed texts.`
        )
      const given = copyArray(texts, 'texts must be an array of strings')
      return model.embed(
        given.map((text, index) => checkTaskText(text, task, checked, `texts[${index}]`)),
        checkedRun
      )
    },
    info: {
      model: manifest.name,
      modelHash: manifest.files[manifest.graphs[info.dtype]!.file]!.sha256,
      architecture,
      ...(hidden !== undefined && { vectors: vectorInfo(model, hidden, checked.cacheSize) }),
      ...info,
      tasks,
      limits: { maxLength: policy.maxLength, maxTextLength: MAX_TEXT_LENGTH, maxQueue, batchTokens: batch.tokens }
    },
    health: () => engine.health(),
    dispose: () => (disposing ??= model.dispose().then(() => engine.dispose())),
    [Symbol.asyncDispose]: () => matcher.dispose()
  }
  return matcher
}

function vectorInfo(model: Judge, hidden: number, cacheSize: number): VectorInfo {
  return {
    hidden,
    cacheSize,
    get cached() {
      return model.cached
    }
  }
}
