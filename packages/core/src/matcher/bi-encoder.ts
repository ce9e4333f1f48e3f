import type { Engine, Truncation } from '../engine/engine'
import { MatcherError } from '../errors'
import type { Manifest } from '../formats/manifest'
import type { CheckedOptions, CheckedRun } from './check-input'
import { bestCosine, cosine, meanVector } from './cosine'
import { emptyJudgments, type Judge, type Judgments, type VectorJudge } from './judge'
import { createScheduler, disposedError } from './scheduler'
import { createTextVectorSource, type TextEncoder, type TextVectorSource, type VectorStore } from './text-vectors'
import { createVectorCache, type TaskText, type TextVectors } from './vector-cache'

/**
 * Judges pairs by the vectors of their texts: score = sigmoid(scale · cosine + offset), scale and offset of the task. Of texts read in
 * windows, `max` compares the two windows that are most alike, and `mean` the normalized means of their vectors. `graph` returns the SHA-256
 * of the graph that runs now.
 */
export function createBiEncoder(
  engine: Engine,
  manifest: Manifest,
  graph: () => string,
  options: CheckedOptions,
  concurrency: number,
  store?: VectorStore
): Judge {
  const width = manifest.hidden!
  const scheduler = createScheduler(engine, options, concurrency, (windows) => joined(windows, width))
  const encode: TextEncoder['encode'] = async (texts, run) => {
    const outcomes = await scheduler.submit(
      texts.map(({ text, taskId }) => ({ a: text, taskId })),
      run
    )
    return outcomes.map(({ output, tokenCount, truncated }) => ({ rows: output, tokenCount, truncated }))
  }
  const source = createTextVectorSource({ graph, encode }, createVectorCache(options.cacheSize, width), store)
  const compare = comparison(options.policy.truncation, width)
  let disposed = false

  /** The scheduler never hears of texts that are cached, so it cannot refuse them. */
  async function vectorsOf(texts: readonly TaskText[], run: CheckedRun): Promise<TextVectors[]> {
    if (disposed) throw disposedError()
    return source.vectorsOf(texts, run)
  }

  const decide: Decide = (to, i, taskId, a, b) => {
    const { scale, offset } = manifest.tasks[taskId]!
    to.logits[2 * i + 1] = scale! * compare(a.rows, b.rows) + offset!
    to.tokenCounts[i] = a.tokenCount + (b.tokenCount ?? 0)
    to.truncated[i] = Number(a.truncated || b.truncated === true)
  }

  return {
    vectors: vectorJudge(source, vectorsOf, decide, width),
    async judge(pairs, run) {
      const texts = pairs.flatMap(({ a, b, taskId }) => [
        { text: a, taskId },
        { text: b, taskId }
      ])
      const found = await vectorsOf(texts, { ...run, onProgress: run.onProgress && inPairs(run.onProgress) })
      const judgments = emptyJudgments(pairs.length)
      pairs.forEach(({ taskId }, i) => decide(judgments, i, taskId, found[2 * i]!, found[2 * i + 1]!))
      return judgments
    },
    async rank(query, candidates, run) {
      const { taskId } = query
      const texts = candidates.length === 0 ? [] : [query, ...candidates.map((text) => ({ text, taskId }))]
      const found = await vectorsOf(texts, { ...run, onProgress: run.onProgress && inCandidates(run.onProgress) })
      const judgments = emptyJudgments(candidates.length)
      for (let i = 0; i < candidates.length; i++) decide(judgments, i, taskId, found[0]!, found[i + 1]!)
      return judgments
    },
    dispose() {
      disposed = true
      return scheduler.dispose()
    }
  }
}

function vectorJudge(
  source: Pick<TextVectorSource, 'cached'>,
  vectorsOf: TextVectorSource['vectorsOf'],
  decide: Decide,
  width: number
): VectorJudge {
  return {
    get cached() {
      return source.cached
    },
    async embed(texts, run) {
      const found = await vectorsOf(texts, run)
      const rows = new Float32Array(texts.length * width)
      found.forEach((one, i) => rows.set(meanVector(one.rows, width), i * width))
      return rows
    },
    async rankStored(query, rows, run) {
      const [a] = await vectorsOf([query], { ...run, onProgress: undefined })
      const count = rows.length / width
      const judgments = emptyJudgments(count)
      for (let i = 0; i < count; i++)
        decide(judgments, i, query.taskId, a!, { rows: rows.subarray(i * width, (i + 1) * width) })
      run.onProgress?.({ done: count, total: count })
      return judgments
    }
  }
}

/** Writes the judgment of pair `i`: of a text that was read, and of another or its stored vector. */
type Decide = (to: Judgments, i: number, taskId: number, a: TextVectors, b: Vectors) => void

/** Vectors of a text, also of one that was not read now. */
type Vectors = Pick<TextVectors, 'rows'> & Partial<TextVectors>

/** The cosine of two texts, each given as its windows [windows, width]. */
function comparison(truncation: Truncation, width: number): (a: Float32Array, b: Float32Array) => number {
  return typeof truncation === 'object' && truncation.combine === 'mean'
    ? (a, b) => cosine(meanVector(a, width), 0, meanVector(b, width), 0, width)
    : (a, b) => bestCosine(a, b, width)
}

/** The windows of a text as one array [windows, width]. They come in any order; sorted, their mean has the same digits every time. */
function joined(windows: readonly Float32Array[], width: number): Float32Array {
  const sorted = [...windows].sort((one, other) => one[0]! - other[0]! || one[1]! - other[1]!)
  const rows = new Float32Array(sorted.length * width)
  sorted.forEach((row, i) => {
    if (row.length !== width)
      throw new MatcherError(
        'inference-failed',
        `The graph gives rows of ${row.length} numbers; its manifest says ${width}. Export the model again.`
      )
    rows.set(row, i * width)
  })
  return rows
}

/** Progress in pairs, from progress over their texts. */
function inPairs(onProgress: NonNullable<CheckedRun['onProgress']>): typeof onProgress {
  return ({ done, total }) => onProgress({ done: Math.floor(done / 2), total: total / 2 })
}

/** Progress in candidates, from progress over the query and them. */
function inCandidates(onProgress: NonNullable<CheckedRun['onProgress']>): typeof onProgress {
  return ({ done, total }) => onProgress({ done: Math.max(0, done - 1), total: total - 1 })
}
