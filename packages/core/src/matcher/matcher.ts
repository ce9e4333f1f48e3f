import type { Device } from '../dtype'
import type { BatchLimits, Engine } from '../engine/engine'
import { MatcherError } from '../errors'
import type { Manifest } from '../formats/manifest'
import {
  checkOptions,
  checkPair,
  checkRanking,
  checkRun,
  checkTaskText,
  copyArray,
  MAX_TEXT_LENGTH,
  type CheckedRanking,
  type CheckedRun
} from './check-input'
import { createBiEncoder } from './bi-encoder'
import { classification } from './classification'
import { createCrossEncoder } from './cross-encoder'
import type { Judge, Judgments, VectorJudge } from './judge'
import { bestFirst, scoresOf } from './order'
import { checkReranker, rerankBy, SHORTLIST } from './rerank'
import { matchScore, type PairLogits } from './score'
import { checkStoredVectors } from './stored-vectors'
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

/**
 * Info that an SDK collects while loading; `workers` is the number of concurrent batches. It is read again on every
 * use: an engine that continues on another device changes it.
 */
export type EngineInfo = Pick<
  MatcherInfo,
  'device' | 'dtype' | 'modelHash' | 'reasons' | 'workers' | 'threads' | 'versions'
>

/**
 * Batches by device. On a CPU, time grows with tokens, including padding, and a small batch keeps its rows in cache: of
 * 256 to 4,096 tokens, 256 and 512 were the fastest (6 x 384 int8, news pairs of 252 tokens on average). A GPU is
 * fastest when full. An inference server joins requests by itself.
 */
export const BATCH_LIMITS: Readonly<Record<Device, BatchLimits>> = {
  cpu: { tokens: 512, padding: 0.1 },
  wasm: { tokens: 1_024, padding: 0.1 },
  cuda: { tokens: 16_384, padding: 0.3 },
  webgpu: { tokens: 8_192, padding: 0.3 },
  remote: { tokens: 4_096, padding: 0.1 }
}

/** Minimum positions of a graph whose manifest specifies none: its rotary tables have twice the training length. */
const ROTARY_POSITIONS = 2_048

/** `store` keeps a bi-encoder's vectors beyond its cache. Throws `task-unknown` and `input-invalid` for options. */
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
  const model: Judge =
    architecture === 'bi-encoder'
      ? createBiEncoder(engine, manifest, () => info.modelHash, checked, info.workers, store)
      : createCrossEncoder(engine, manifest, checked, info.workers)
  const names = new Map(tasks.map(({ id, name }) => [id, name as T]))
  let disposing: Promise<void> | undefined

  function resultOf(judgments: Judgments, i: number, taskId: number): MatchResult<T> {
    const task = names.get(taskId)!
    const logits: PairLogits = [judgments.logits[2 * i]!, judgments.logits[2 * i + 1]!]
    const score = matchScore(logits)
    const threshold = thresholds.get(task)!
    const [tokenCount, truncated] = [judgments.tokenCounts[i]!, judgments.truncated[i] === 1]
    return { task, label: score > threshold ? 1 : 0, score, threshold, logits, tokenCount, truncated }
  }

  /** `pairs` is a copy that the caller cannot change. */
  async function judge(
    pairs: readonly unknown[],
    run: CheckedRun,
    place: (index: number) => string
  ): Promise<MatchResult<T>[]> {
    const taskPairs = pairs.map((pair, index) => checkPair((pair ?? {}) as Pair, checked, place(index)))
    const judgments = await model.judge(taskPairs, run)
    return taskPairs.map(({ taskId }, i) => resultOf(judgments, i, taskId))
  }

  function judgmentsOf({ query, candidates }: CheckedRanking, task: T, run: CheckedRun): Promise<Judgments> {
    const { vectors } = run
    if (!vectors) return model.rank(query, candidates, run)
    const { rankStored } = withVectors()
    checkStoredVectors(vectors, matcher, task)
    if (vectors.rows.length !== candidates.length * vectors.hidden)
      throw new MatcherError(
        'input-invalid',
        `There are ${candidates.length} candidates and ${vectors.rows.length / vectors.hidden} stored vectors; each candidate must have one.`
      )
    return rankStored(query, vectors.rows, run, () => checkStoredVectors(vectors, matcher, task))
  }

  function withVectors(): VectorJudge {
    if (model.vectors) return model.vectors
    throw new MatcherError(
      'architecture-mismatch',
      `${manifest.name} is a cross-encoder: it judges pairs and has no vectors. Load a bi-encoder to embed texts.`
    )
  }

  const matcher: Matcher<T> = {
    async match(a: string, b: string, task: T, run?: RunOptions) {
      return (await judge([{ a, b, task }], checkRun(run), () => ''))[0]!
    },
    async matchMany(pairs: readonly Pair<T>[], run?: RunManyOptions) {
      const checkedRun = checkRun(run)
      return judge(copyArray(pairs, 'pairs must be an array of { a, b, task }'), checkedRun, (i) => `pairs[${i}].`)
    },
    async classify(a: string, b: string | undefined, task: string, run?: RunOptions) {
      const checkedRun = checkRun(run)
      const pair = checkPair({ a, b, task }, checked, '', true)
      const outcome = await model.classify!(pair, checkedRun)
      return classification(manifest.tasks[pair.taskId]!, outcome) as never // of the kind that the task has
    },
    async rank(query: string, candidates: readonly string[], task: T, run?: RankOptions) {
      const started = performance.now()
      const { topK, rerank, shortlist = SHORTLIST, ...checkedRun } = checkRun(run)
      checkReranker(rerank)
      const ranking = checkRanking(query, candidates, task, checked)
      const judgments = await judgmentsOf(ranking, task, checkedRun)
      const best = bestFirst(scoresOf(judgments), rerank ? shortlist : topK).map((index) => ({
        ...resultOf(judgments, index, ranking.query.taskId),
        index,
        text: ranking.candidates[index]!
      }))
      return rerank ? rerankBy(rerank, query, best, task, { ...checkedRun, topK }, started) : best
    },
    async embed(texts: readonly string[], task: T, run?: RunManyOptions) {
      const checkedRun = checkRun(run)
      const { embed } = withVectors()
      const given = copyArray(texts, 'texts must be an array of strings')
      return embed(
        given.map((text, index) => checkTaskText(text, task, checked, `texts[${index}]`)),
        checkedRun
      )
    },
    get info() {
      return {
        model: manifest.name,
        architecture,
        ...(hidden !== undefined && { vectors: vectorInfo(model, hidden, checked.cacheSize) }),
        ...info,
        tasks,
        limits: { maxLength: policy.maxLength, maxTextLength: MAX_TEXT_LENGTH, maxQueue, batchTokens: batch.tokens }
      }
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
      return model.vectors?.cached ?? 0
    }
  }
}
