import type { Engine, Truncation } from '../engine/engine'
import { MatcherError } from '../errors'
import type { Manifest } from '../formats/manifest'
import type { CheckedOptions, CheckedRun } from './check-input'
import { bestCosine, cosine, meanVector } from './cosine'
import type { Judge } from './judge'
import { createScheduler, disposedError } from './scheduler'
import { createTextVectorSource, type VectorStore } from './text-vectors'
import { createVectorCache, type TaskText, type TextVectors } from './vector-cache'

/**
 * Judges pairs by the vectors of their texts: score = sigmoid(scale · cosine + offset), scale and offset of the task. Of texts read in
 * windows, `max` compares the two windows that are most alike, and `mean` the normalized means of their vectors.
 */
export function createBiEncoder(
  engine: Engine,
  manifest: Manifest,
  options: CheckedOptions,
  concurrency: number,
  store?: VectorStore
): Judge {
  const width = manifest.hidden!
  const scheduler = createScheduler(engine, options, concurrency, (windows) => joined(windows, width))
  const source = createTextVectorSource(
    async (texts, run) => {
      const outcomes = await scheduler.submit(
        texts.map(({ text, taskId }) => ({ a: text, taskId })),
        run
      )
      return outcomes.map(({ output, tokenCount, truncated }) => ({ rows: output, tokenCount, truncated }))
    },
    createVectorCache(options.cacheSize, width),
    store
  )
  const compare = comparison(options.policy.truncation, width)
  let disposed = false

  /** The scheduler never hears of texts that are cached, so it cannot refuse them. */
  async function vectorsOf(texts: readonly TaskText[], run: CheckedRun): Promise<TextVectors[]> {
    if (disposed) throw disposedError()
    return source.vectorsOf(texts, run)
  }

  return {
    get cached() {
      return source.cached
    },
    async judge(pairs, run) {
      const texts = pairs.flatMap(({ a, b, taskId }) => [
        { text: a, taskId },
        { text: b, taskId }
      ])
      const vectors = await vectorsOf(texts, { ...run, onProgress: run.onProgress && inPairs(run.onProgress) })
      return pairs.map(({ taskId }, i) => {
        const [a, b] = [vectors[2 * i]!, vectors[2 * i + 1]!]
        const { scale, offset } = manifest.tasks[taskId]!
        return {
          logits: [0, scale! * compare(a.rows, b.rows) + offset!],
          tokenCount: a.tokenCount + b.tokenCount,
          truncated: a.truncated || b.truncated
        }
      })
    },
    async embed(texts, run) {
      const vectors = await vectorsOf(texts, run)
      const rows = new Float32Array(texts.length * width)
      vectors.forEach((one, i) => rows.set(meanVector(one.rows, width), i * width))
      return rows
    },
    dispose() {
      disposed = true
      return scheduler.dispose()
    }
  }
}

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
