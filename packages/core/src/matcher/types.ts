import type { Device, Dtype } from '../dtype'
import type { TextPair, Truncation } from '../engine/engine'
import type { ManifestTask } from '../formats/manifest'
import type { Task } from '../tasks'

/** Two texts and the task to judge them under. */
export interface Pair<T extends string = Task> extends TextPair {
  readonly task: T
}

/** What the model says of one pair. */
export interface MatchResult<T extends string = Task> {
  readonly task: T
  /** 1: the texts match under this task's criterion, that is `score > threshold`. */
  readonly label: 0 | 1
  /** P(match), in [0, 1]. */
  readonly score: number
  /** This task's threshold, from the options or the manifest. */
  readonly threshold: number
  /** Raw outputs, [no match, match]; of the best window, or the windows' mean, where the pair was read in windows. */
  readonly logits: readonly [number, number]
  /** Tokens that the network read, with [CLS] and both [SEP], after truncation; over all windows. */
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
  /** Gives up what has not started; a batch under way finishes unseen. The call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds from the call after which it rejects with `deadline-exceeded`. Default: none. */
  readonly deadlineMs?: number | undefined
}

/** Options of `matchMany`. */
export interface RunManyOptions extends RunOptions {
  /** Called after each batch with the pairs of this call that are done. */
  readonly onProgress?: ((progress: { readonly done: number; readonly total: number }) => void) | undefined
}

/** Options of `rank`. */
export interface RankOptions extends RunOptions {
  /** Return only the best so many. Default: all. */
  readonly topK?: number | undefined
}

/** A device that was considered, and why it was taken or not. */
export interface DeviceReason {
  readonly device: Device
  readonly taken: boolean
  readonly reason: string
}

/** What a matcher runs on and with. */
export interface MatcherInfo {
  /** The model's name, from the manifest. */
  readonly model: string
  /** SHA-256 of the graph file. */
  readonly modelHash: string
  readonly device: Device
  readonly dtype: Dtype
  /** Each device that was considered, in the order of trying. */
  readonly reasons: readonly DeviceReason[]
  /** Workers, each with its own session, and threads of each session. */
  readonly workers: number
  readonly threads: number
  readonly tasks: readonly ManifestTask[]
  /** Tokens of a sequence; UTF-16 code units of a text; pairs accepted and unanswered; padded tokens of a batch. */
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
  readonly info: MatcherInfo
  /** Rejects what waits, lets a batch under way end, frees the session. May be called again. */
  dispose(): Promise<void>
}

/** Loading, in bytes of one file. */
export interface LoadProgress {
  readonly phase: 'download' | 'verify' | 'compile'
  readonly file: string
  readonly loaded: number
  readonly total: number
}

/** Options that both SDKs take. */
export interface CommonOptions<T extends string = Task> {
  /** The model folder: a path in Node, an address in browsers. */
  readonly model: string | URL
  /** The task names that this program uses; checked against the manifest. Default: the six Sohu tasks. */
  readonly tasks?: readonly T[] | undefined
  /** Default `auto`: by device (int8 on cpu and wasm, fp16 on cuda, q8 on webgpu). */
  readonly dtype?: Dtype | 'auto' | undefined
  /** Tokens a pair is cut to, [CLS] and both [SEP] included. Default: training's. Rotary positions let it be longer. */
  readonly maxLength?: number | undefined
  /** What a longer pair loses. Default `longest-first`, as in training. */
  readonly truncation?: Truncation | undefined
  /** Thresholds in place of the manifest's. */
  readonly thresholds?: Partial<Record<NoInfer<T>, number>> | undefined
  /** Pairs that may be accepted and unanswered before calls reject with `queue-full`. Default 10,000. */
  readonly maxQueue?: number | undefined
  /** Padded tokens of one batch. The default depends on the device. */
  readonly batchTokens?: number | undefined
  /**
   * Share of a batch that may be padding, from 0 to 1. The default depends on the device. With 0 only pairs of equal length run together: on
   * a CPU the digits of a score then do not depend on the pairs beside it.
   */
  readonly batchPadding?: number | undefined
  /** Gives up loading; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined
}
