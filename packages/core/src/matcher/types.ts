import type { Device, Dtype } from '../dtype'
import type { Health, TextPair, Truncation } from '../engine/engine'
import type { ManifestTask } from '../formats/manifest'
import type { Task, TaskKind } from '../tasks'
import type { StoredVectors } from './stored-vectors'

/**
 * Two texts and the task under which they are judged. Any string is a text. The network judges an empty text, or one of
 * white space only, as [CLS] [SEP]: its score says nothing about texts, so leave such pairs out.
 */
export interface Pair<T extends string = Task> extends TextPair {
  readonly task: T
}

/** The model's judgment of one pair. */
export interface MatchResult<T extends string = Task> {
  readonly task: T
  /** 1 if the texts match under this task's criterion: `score > threshold`. */
  readonly label: 0 | 1
  /** P(match), in [0, 1]. */
  readonly score: number
  /** This task's threshold, from the options or the manifest. */
  readonly threshold: number
  /** Raw outputs, [no match, match]; for a pair read in windows, the best window's or their mean. */
  readonly logits: readonly [number, number]
  /**
   * Tokens read after truncation, including [CLS] and [SEP], over all windows. 3 (bi-encoder: 4) for two empty texts.
   */
  readonly tokenCount: number
  /** True if tokens were dropped to stay within the maximum length. */
  readonly truncated: boolean
}

/** The kind of a task and, if it has labels, their union. */
export interface TaskType {
  readonly kind: TaskKind
  readonly label?: string
}

/** The tasks of a model by name, as export writes them into `types.d.ts` of the model folder. */
export type TaskTypes = Readonly<Record<string, TaskType>>

/** The answer of a task: a union of all kinds, distinguished by `kind`, unless the type names one. */
export type Classification<T extends string, Type extends TaskType> = Type extends { readonly kind: 'score' }
  ? ScoreResult<T>
  : Type extends { readonly kind: 'one-of' }
    ? OneOfResult<T, LabelOf<Type>>
    : Type extends { readonly kind: 'any-of' }
      ? AnyOfResult<T, LabelOf<Type>>
      : AnyClassification<T>

/** An answer of any kind with labels as plain strings. */
export type AnyClassification<T extends string = string> =
  OneOfResult<T, string> | AnyOfResult<T, string> | ScoreResult<T>

type LabelOf<Type extends TaskType> = Type extends { readonly label: infer L extends string } ? L : string

interface AnswerFacts<T extends string> {
  readonly task: T
  /** Raw outputs, in the order of the labels; for a text read in windows, the maximum or mean of each. */
  readonly logits: readonly number[]
  /** Tokens read after truncation, including [CLS] and every [SEP], over all windows. */
  readonly tokenCount: number
  readonly truncated: boolean
}

/** The answer of a one-of task. */
export interface OneOfResult<T extends string, L extends string> extends AnswerFacts<T> {
  readonly kind: 'one-of'
  readonly label: L
  /** Of every label; they sum to 1. */
  readonly probabilities: Readonly<Record<L, number>>
}

/** The answer of an any-of task. */
export interface AnyOfResult<T extends string, L extends string> extends AnswerFacts<T> {
  readonly kind: 'any-of'
  /** Labels whose probability is above their threshold, the most likely first. */
  readonly labels: readonly L[]
  /** Of every label, each from 0 to 1. */
  readonly probabilities: Readonly<Record<L, number>>
  /** Of every label, from the manifest. */
  readonly thresholds: Readonly<Record<L, number>>
}

/** The answer of a task with a score. */
export interface ScoreResult<T extends string> extends AnswerFacts<T> {
  readonly kind: 'score'
  /** Within the range in the manifest. */
  readonly value: number
}

/** A candidate of `rank`, with its index in the input. */
export interface RankedMatch<T extends string = Task> extends MatchResult<T> {
  readonly index: number
  readonly text: string
}

export interface RunOptions {
  /** Cancels unstarted work and ignores running batches. The call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds after which the call rejects with `deadline-exceeded`. Default: none. */
  readonly deadlineMs?: number | undefined
}

export interface RunManyOptions extends RunOptions {
  /** Called after each batch with the number of finished pairs of this call. If it throws, the call rejects. */
  readonly onProgress?: ((progress: { readonly done: number; readonly total: number }) => void) | undefined
}

export interface RankOptions extends RunManyOptions {
  /** Number of results to return. Default: all. */
  readonly topK?: number | undefined
  /**
   * A cross-encoder that judges the best `shortlist` candidates of this matcher again: only these are returned, with
   * its results and in its order. It must know the task.
   */
  readonly rerank?: Reranker | undefined
  /** Number of candidates for `rerank`. Default: 50. */
  readonly shortlist?: number | undefined
  /**
   * For a bi-encoder: stored vectors of the candidates, in their order, which are then not encoded; `tokenCount` and
   * `truncated` are those of the query. Throws `vectors-mismatch` if they are of another model or task.
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

/** A device that was considered, and why it was chosen or not. */
export interface DeviceReason {
  readonly device: Device
  readonly taken: boolean
  readonly reason: string
}

export interface VectorInfo {
  readonly hidden: number
  readonly cacheSize: number
  readonly cached: number
}

export interface MatcherInfo {
  /** From the manifest. */
  readonly model: string
  /** SHA-256 of the graph file. Store it with vectors: only those of the same graph are comparable. */
  readonly modelHash: string
  /** A `cross-encoder` reads both texts of a pair at once; a `bi-encoder` computes a vector for each. */
  readonly architecture: 'cross-encoder' | 'bi-encoder'
  /** For a bi-encoder: the width of its vectors, the cache's capacity in texts and its current number. */
  readonly vectors?: VectorInfo | undefined
  readonly device: Device
  readonly dtype: Dtype
  /** Each device that was considered, in the order it was tried. */
  readonly reasons: readonly DeviceReason[]
  /** Workers, each with its own session, and threads of each session. */
  readonly workers: number
  readonly threads: number
  readonly tasks: readonly ManifestTask[]
  /** Tokens per sequence; UTF-16 code units per text; waiting pairs or windows; padded tokens per batch. */
  readonly limits: {
    readonly maxLength: number
    readonly maxTextLength: number
    readonly maxQueue: number
    readonly batchTokens: number
  }
  /** Versions of this SDK and of its runtime. */
  readonly versions: Readonly<Record<string, string>>
}

/** Names of the tasks of some kinds. */
export type TaskNames<Types extends TaskTypes, Kind extends TaskKind> = {
  [N in keyof Types & string]: Types[N]['kind'] extends Kind ? N : never
}[keyof Types & string]

/** The tasks that `classify` answers, with their types. */
export type ClassifyTypes<Types extends TaskTypes> = Pick<Types, TaskNames<Types, Exclude<TaskKind, 'match'>>>

/**
 * Judges text pairs, and classifies texts and pairs. Overlapping calls are batched together. After `dispose` every call
 * rejects with `disposed`. `T` names the match tasks, `C` the others with their types.
 */
export interface Matcher<
  T extends string = Task,
  C extends TaskTypes = Readonly<Record<T, TaskType>>
> extends AsyncDisposable {
  /**
   * Judges one pair. Throws `task-unknown`, `input-invalid`, `queue-full`, `deadline-exceeded`, `inference-failed`,
   * `device-lost`, `disposed`.
   */
  match(a: string, b: string, task: T, options?: RunOptions): Promise<MatchResult<T>>
  /** Judges pairs, of any mix of tasks and lengths; results in input order. Throws as `match`. */
  matchMany(pairs: readonly Pair<T>[], options?: RunManyOptions): Promise<MatchResult<T>[]>
  /**
   * Answers a task with labels or a score, of a pair, or of one text if `b` is undefined. Throws as `match`, and
   * `input-invalid` for a match task.
   */
  classify<N extends keyof C & string>(
    a: string,
    b: string | undefined,
    task: N,
    options?: RunOptions
  ): Promise<Classification<N, C[N]>>
  /** Judges each candidate against the query; best first, equal scores in input order. Throws as `match`. */
  rank(query: string, candidates: readonly string[], task: T, options?: RankOptions): Promise<RankedMatch<T>[]>
  /**
   * The vectors of texts for a task, computed by a bi-encoder: rows [texts, hidden] of length 1, in input order; for a
   * text read in windows, their normalized mean. A text is encoded once while it is cached. Throws as `match`, and
   * `architecture-mismatch` for a cross-encoder.
   */
  embed(texts: readonly string[], task: T, options?: RunManyOptions): Promise<Float32Array>
  readonly info: MatcherInfo
  /** Whether the matcher can answer now: its living workers, and why one is missing. For readiness checks. */
  health(): Health
  /** Rejects waiting calls, waits a few seconds for running batches, and frees the session. May be called again. */
  dispose(): Promise<void>
}

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
  /** The model folder: a path in Node, a URL in browsers. */
  readonly model: string | URL
  /**
   * The task names that this program uses; checked against the manifest. Default: the six Sohu tasks, or all tasks of a model with tasks that have
   * labels or a score.
   */
  readonly tasks?: readonly T[] | undefined
  /** Default `auto`: by device (int8 on cpu and wasm, fp16 on cuda, q8 on webgpu). */
  readonly dtype?: Dtype | 'auto' | undefined
  /** Tokens to which a pair is truncated, including [CLS] and both [SEP]. Default: as in training. */
  readonly maxLength?: number | undefined
  /** Which tokens of a longer pair are dropped. Default: `longest-first`, as in training. */
  readonly truncation?: Truncation | undefined
  /** Thresholds of match tasks that replace the manifest's. */
  readonly thresholds?: Partial<Record<NoInfer<T>, number>> | undefined
  /** Pairs that may wait before calls reject with `queue-full`; every window of a pair counts. Default: 10,000. */
  readonly maxQueue?: number | undefined
  /**
   * Number of texts whose vectors a bi-encoder caches, by text and task; the least recently used are dropped first.
   * Long texts leave room for fewer: the cache takes at most `cacheSize` times 4 kB and one vector. Default: 20,000.
   */
  readonly cacheSize?: number | undefined
  /** Padded tokens per batch. The default depends on the device. */
  readonly batchTokens?: number | undefined
  /**
   * Maximum share of padding in a batch, from 0 to 1. The default depends on the device. With 0 only pairs of equal
   * length run together: on a CPU the digits of a score then do not depend on the pairs in its batch.
   */
  readonly batchPadding?: number | undefined
  /** Cancels loading; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined
}
