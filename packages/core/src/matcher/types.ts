import type { Device, Dtype } from '../dtype'
import type { Health, TextPair, Truncation } from '../engine/engine'
import type { ManifestTask } from '../formats/manifest'
import type { Task } from '../tasks'
import type { StoredVectors } from './stored-vectors'

/**
 * Two texts and the task that they are judged under. Any string is a text. An empty one, or one of white space only, is judged as the
 * network judges [CLS] [SEP]: its score says nothing about texts, so leave such pairs out.
 */
export interface Pair<T extends string = Task> extends TextPair {
  readonly task: T
}

/** The model's judgment of one pair. */
export interface MatchResult<T extends string = Task> {
  readonly task: T
  /** 1: the texts match under this task's criterion, that is `score > threshold`. */
  readonly label: 0 | 1
  /** P(match), in [0, 1]. */
  readonly score: number
  /** This task's threshold, from the options or the manifest. */
  readonly threshold: number
  /** Raw outputs, [no match, match]; where the pair was read in windows, the best window's or their mean. */
  readonly logits: readonly [number, number]
  /** Tokens that the network read, [CLS] and both [SEP] included, after truncation, over all windows. 3 (bi-encoder: 4): both texts are empty. */
  readonly tokenCount: number
  /** Whether tokens were left out to keep within the maximum length. */
  readonly truncated: boolean
}

/** A candidate of `rank`, with its place in the input. */
export interface RankedMatch<T extends string = Task> extends MatchResult<T> {
  readonly index: number
  readonly text: string
}

/** Options of one call. */
export interface RunOptions {
  /** Cancels what has not started; the answer of a batch under way is dropped. The call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds after which the call rejects with `deadline-exceeded`. Default: none. */
  readonly deadlineMs?: number | undefined
}

/** Options of `matchMany`. */
export interface RunManyOptions extends RunOptions {
  /** Called after each batch with the number of this call's pairs that are done. What it throws rejects the call. */
  readonly onProgress?: ((progress: { readonly done: number; readonly total: number }) => void) | undefined
}

/** Options of `rank`. */
export interface RankOptions extends RunManyOptions {
  /** Number of results to return. Default: all. */
  readonly topK?: number | undefined
  /**
   * A cross-encoder that judges the best `shortlist` candidates of this matcher again: the results are its own, in its order, and the other
   * candidates are left out. It must know the task.
   */
  readonly rerank?: Reranker | undefined
  /** Candidates that `rerank` judges. Default 50. */
  readonly shortlist?: number | undefined
  /**
   * Of a bi-encoder: stored vectors of the candidates, in their order, which are then not encoded; `tokenCount` and `truncated` are those of
   * the query. Throws `vectors-mismatch` where they are of another model or task.
   */
  readonly vectors?: StoredVectors | undefined
}

/** The part of a matcher that judges the candidates of another again. */
export interface Reranker {
  rank(
    query: string,
    candidates: readonly string[],
    task: string,
    options?: RankOptions
  ): Promise<RankedMatch<string>[]>
  readonly info: Pick<MatcherInfo, 'architecture'>
}

/** A device that was considered, and why it was taken or not. */
export interface DeviceReason {
  readonly device: Device
  readonly taken: boolean
  readonly reason: string
}

/** The vectors of a bi-encoder. */
export interface VectorInfo {
  readonly hidden: number
  readonly cacheSize: number
  readonly cached: number
}

/** The model, device and limits of a matcher. */
export interface MatcherInfo {
  /** The model's name, from the manifest. */
  readonly model: string
  /** SHA-256 of the graph file. Vectors are comparable only where it is the same: keep it with them. */
  readonly modelHash: string
  /** `cross-encoder` reads both texts of a pair at once; `bi-encoder` gives each a vector. */
  readonly architecture: 'cross-encoder' | 'bi-encoder'
  /** Of a bi-encoder: the width of its vectors, and the texts that may be and are remembered. */
  readonly vectors?: VectorInfo | undefined
  readonly device: Device
  readonly dtype: Dtype
  /** Each device that was considered, in the order it was tried. */
  readonly reasons: readonly DeviceReason[]
  /** Workers, each with its own session, and threads of each session. */
  readonly workers: number
  readonly threads: number
  readonly tasks: readonly ManifestTask[]
  /** Tokens per sequence; UTF-16 code units per text; pairs (or their windows) accepted and unanswered; padded tokens per batch. */
  readonly limits: {
    readonly maxLength: number
    readonly maxTextLength: number
    readonly maxQueue: number
    readonly batchTokens: number
  }
  /** Versions of this SDK and of the runtime under it. */
  readonly versions: Readonly<Record<string, string>>
}

/** Judges text pairs. Calls may overlap: they are batched together. After `dispose` every call rejects with `disposed`. */
export interface Matcher<T extends string = Task> extends AsyncDisposable {
  /** Judges one pair. Throws `task-unknown`, `input-invalid`, `queue-full`, `deadline-exceeded`, `inference-failed`, `device-lost`, `disposed`. */
  match(a: string, b: string, task: T, options?: RunOptions): Promise<MatchResult<T>>
  /** Judges pairs, of any mix of tasks and lengths; results in input order. Throws as `match`. */
  matchMany(pairs: readonly Pair<T>[], options?: RunManyOptions): Promise<MatchResult<T>[]>
  /** Judges each candidate against the query; best first, equal scores in input order. Throws as `match`. */
  rank(query: string, candidates: readonly string[], task: T, options?: RankOptions): Promise<RankedMatch<T>[]>
  /**
   * The vectors of texts for a task, of a bi-encoder: rows [texts, hidden] of length 1, in input order; of a text read in windows, their
   * normalized mean. A text is encoded once as long as it is remembered. Throws as `match`, and `architecture-mismatch` for a cross-encoder.
   */
  embed(texts: readonly string[], task: T, options?: RunManyOptions): Promise<Float32Array>
  readonly info: MatcherInfo
  /** Whether the matcher can answer now: its living workers, and why one is missing. For readiness checks. */
  health(): Health
  /** Rejects what waits, lets a batch under way end (for a few seconds at most), frees the session. May be called again. */
  dispose(): Promise<void>
}

/** Progress of loading one file, in bytes. */
export interface FileProgress {
  readonly phase: 'download' | 'verify' | 'compile'
  readonly file: string
  readonly loaded: number
  readonly total: number
}

/** Progress of loading, in bytes: of one file, and of all files together. */
export interface LoadProgress extends FileProgress {
  /** Bytes of every file that this device loads, in browsers with the runtime's WebAssembly; `loaded` never falls. */
  readonly overall: { readonly loaded: number; readonly total: number }
}

/** Options of both SDKs. */
export interface CommonOptions<T extends string = Task> {
  /** The model folder: a path in Node, an address in browsers. */
  readonly model: string | URL
  /** The task names that this program uses; checked against the manifest. Default: the six Sohu tasks. */
  readonly tasks?: readonly T[] | undefined
  /** Default `auto`: by device (int8 on cpu and wasm, fp16 on cuda, q8 on webgpu). */
  readonly dtype?: Dtype | 'auto' | undefined
  /** Tokens that a pair is cut to, [CLS] and both [SEP] included. Default: as in training. */
  readonly maxLength?: number | undefined
  /** Which tokens a longer pair loses. Default `longest-first`, as in training. */
  readonly truncation?: Truncation | undefined
  /** Thresholds that replace the manifest's. */
  readonly thresholds?: Partial<Record<NoInfer<T>, number>> | undefined
  /** Pairs that may wait before calls reject with `queue-full`; a pair read in windows counts as that many. Default 10,000. */
  readonly maxQueue?: number | undefined
  /**
   * Texts whose vectors a bi-encoder remembers, by text and task; the least recently used go first. Long texts leave room for fewer: all
   * together take at most `cacheSize` times 4 kB and one vector. Default 20,000.
   */
  readonly cacheSize?: number | undefined
  /** Padded tokens per batch. The default depends on the device. */
  readonly batchTokens?: number | undefined
  /**
   * Share of a batch that may be padding, from 0 to 1. The default depends on the device. With 0 only pairs of equal length run together: on
   * a CPU the digits of a score then do not depend on the pairs beside it.
   */
  readonly batchPadding?: number | undefined
  /** Cancels loading; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined
}
