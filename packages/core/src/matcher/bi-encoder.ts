import type { Engine, Truncation } from '../engine/engine'
import { MatcherError } from '../errors'
import type { Manifest } from '../formats/manifest'
import { tooLate } from './call'
import type { CheckedOptions, CheckedRun } from './check-input'
import { bestCosine, cosine, meanVector } from './cosine'
import { emptyJudgments, type Judge, type Judgments, type VectorJudge } from './judge'
import { createPace, type Pace } from './pace'
import { createScheduler, disposedError } from './scheduler'
import { createTextVectorSource, type TextEncoder, type TextVectorSource, type VectorStore } from './text-vectors'
import { createVectorCache, type TaskText, type TextVectors } from './vector-cache'

/**
 * Judges pairs by the vectors of their texts: score = sigmoid(scale · cosine + offset) with the task's scale and
 * offset. For texts read in windows, `max` compares the two most similar windows, and `mean` the normalized means of
 * their vectors. `graph` returns the SHA-256 of the current graph.
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
  const kept = store && underPolicy(store, options.policy)
  const source = createTextVectorSource({ graph, encode }, createVectorCache(options.cacheSize, width), kept)
  let disposed = false

  /** The scheduler never sees cached texts, so it cannot reject them. */
  async function vectorsOf(texts: readonly TaskText[], run: CheckedRun): Promise<TextVectors[]> {
    if (disposed) throw disposedError()
    return source.vectorsOf(texts, run)
  }

  const paceOf = (run: CheckedRun): Pace => createPace(unlessGivenUp(run, () => disposed))

  const decide = decideBy(manifest.tasks, comparison(options.policy.truncation, width), width)

  return {
    vectors: vectorJudge(source, vectorsOf, decide, paceOf, width),
    async judge(pairs, run) {
      const pace = paceOf(run)
      const texts = pairs.flatMap(({ a, b, taskId }) => [
        { text: a, taskId },
        { text: b!, taskId } // a bi-encoder has match tasks only
      ])
      const found = await vectorsOf(texts, { ...run, onProgress: run.onProgress && inPairs(run.onProgress) })
      const judgments = emptyJudgments(pairs.length)
      for (const [i, { taskId }] of pairs.entries()) {
        const comparing = decide(judgments, i, taskId, found[2 * i]!, found[2 * i + 1]!, pace)
        if (comparing) await comparing
      }
      return judgments
    },
    async rank(query, candidates, run) {
      const pace = paceOf(run)
      const { taskId } = query
      const texts = candidates.length === 0 ? [] : [query, ...candidates.map((text) => ({ text, taskId }))]
      const found = await vectorsOf(texts, { ...run, onProgress: run.onProgress && inCandidates(run.onProgress) })
      const judgments = emptyJudgments(candidates.length)
      for (let i = 0; i < candidates.length; i++) {
        const comparing = decide(judgments, i, taskId, found[0]!, found[i + 1]!, pace)
        if (comparing) await comparing
      }
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
  paceOf: (run: CheckedRun) => Pace,
  width: number
): VectorJudge {
  return {
    get cached() {
      return source.cached
    },
    async embed(texts, run) {
      const pace = paceOf(run)
      const found = await vectorsOf(texts, run)
      const means = new Float32Array(texts.length * width)
      for (const [i, { rows }] of found.entries()) {
        means.set(meanVector(rows, width), i * width)
        if (rows.length > width) await pace(rows.length)
      }
      return means
    },
    async rankStored(query, rows, run, check) {
      const pace = paceOf(run)
      const [a] = await vectorsOf([query], { ...run, onProgress: undefined })
      check() // the query may have been read by another graph than at the start of the call
      const count = rows.length / width
      const judgments = emptyJudgments(count)
      for (let i = 0; i < count; i++) {
        const stored = { rows: rows.subarray(i * width, (i + 1) * width) }
        const comparing = decide(judgments, i, query.taskId, a!, stored, pace)
        if (comparing) await comparing
      }
      run.onProgress?.({ done: count, total: count })
      return judgments
    }
  }
}

/** Also distinguishes the stored vectors by truncation, which determines what the network read. */
function underPolicy(store: VectorStore, { maxLength, truncation }: CheckedOptions['policy']): VectorStore {
  const named = (graph: string): string => `${graph} ${JSON.stringify([maxLength, truncation])}`
  return {
    load: (graph, texts) => store.load(named(graph), texts),
    save: (graph, entries) => store.save(named(graph), entries)
  }
}

function decideBy(tasks: Manifest['tasks'], compareWindows: CompareWindows, width: number): Decide {
  return (to, i, taskId, a, b, pace) => {
    const { scale, offset } = tasks[taskId]!
    to.tokenCounts[i] = a.tokenCount + (b.tokenCount ?? 0)
    to.truncated[i] = Number(a.truncated || b.truncated === true)
    const write = (similarity: number): void => {
      to.logits[2 * i + 1] = scale! * similarity + offset!
    }
    if (a.rows.length > width || b.rows.length > width) return compareWindows(a.rows, b.rows, pace).then(write)
    write(cosine(a.rows, 0, b.rows, 0, width))
    return pace(width)
  }
}

/**
 * Writes the judgment of pair `i`, of a text that was read and another or its stored vector; returns a promise if
 * windows are compared or other work should run.
 */
type Decide = (
  to: Judgments,
  i: number,
  taskId: number,
  a: TextVectors,
  b: Vectors,
  pace: Pace
) => Promise<void> | undefined

/** Vectors of a text, possibly stored. */
type Vectors = Pick<TextVectors, 'rows'> & Partial<TextVectors>

/** Throws once a call has been given up: the scheduler is done with it when its vectors are compared. */
function unlessGivenUp({ signal, deadlineMs = Infinity }: CheckedRun, isDisposed: () => boolean): () => void {
  const end = performance.now() + deadlineMs
  return () => {
    if (isDisposed()) throw disposedError()
    if (signal?.aborted) throw signal.reason
    if (performance.now() > end) throw tooLate(deadlineMs)
  }
}

/** The cosine of two texts, each as windows [windows, width]. */
type CompareWindows = (a: Float32Array, b: Float32Array, pace: Pace) => Promise<number>

function comparison(truncation: Truncation, width: number): CompareWindows {
  if (typeof truncation === 'string' || truncation.combine === 'max')
    return (a, b, pace) => bestCosine(a, b, width, pace)
  return async (a, b, pace) => {
    await pace(a.length + b.length)
    return cosine(meanVector(a, width), 0, meanVector(b, width), 0, width)
  }
}

/** A text's windows as one array [windows, width]. They arrive in any order; sorted, their mean is deterministic. */
function joined(windows: readonly Float32Array[], width: number): Float32Array {
  const sorted = [...windows].sort((one, other) => one[0]! - other[0]! || one[1]! - other[1]!)
  const rows = new Float32Array(sorted.length * width)
  sorted.forEach((row, i) => {
    if (row.length !== width)
      throw new MatcherError(
        'inference-failed',
        `The graph returns rows of ${row.length} numbers; its manifest says ${width}. Export the model again.`
      )
    rows.set(row, i * width)
  })
  return rows
}

/** Converts progress over texts to pairs. */
function inPairs(onProgress: NonNullable<CheckedRun['onProgress']>): typeof onProgress {
  return ({ done, total }) => onProgress({ done: Math.floor(done / 2), total: total / 2 })
}

/** Converts progress over query and candidates to candidates. */
function inCandidates(onProgress: NonNullable<CheckedRun['onProgress']>): typeof onProgress {
  return ({ done, total }) => onProgress({ done: Math.max(0, done - 1), total: total - 1 })
}
