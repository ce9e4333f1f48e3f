import type { TextTruncation } from '../tokenizer/encode-pair'

/** Two texts to compare. */
export interface TextPair {
  readonly a: string
  readonly b: string
}

/** What the network reads at once: two texts, or one alone where it is a bi-encoder. */
export interface TextInput {
  readonly a: string
  readonly b?: string | undefined
}

/** Two texts, or one, and the id of the task that they are read for. */
export interface TaskPair extends TextInput {
  readonly taskId: number
}

/** Reads a long pair in windows of at most `window` tokens, special ones included, each `stride` tokens further into the texts. */
export interface WindowTruncation {
  readonly window: number
  readonly stride: number
  /** The score of the pair: its best window's, or that of the windows' mean logits. */
  readonly combine: 'max' | 'mean'
}

/** What happens to a pair that is longer than `maxLength`. `longest-first` is what the reference does. */
export type Truncation = TextTruncation | WindowTruncation

/** The longest sequence that is accepted, in tokens: attention's memory grows with its square. */
export const MAX_SEQUENCE = 8_192

/** How texts become sequences. */
export interface EncodePolicy {
  /** Tokens of a sequence, [CLS] and both [SEP] included. */
  readonly maxLength: number
  readonly truncation: Truncation
}

/** A sequence as the network reads it, not yet padded. A window policy gives several per pair, in reading order. */
export interface EncodedPair {
  /** Index of the pair in the call that encoded it. */
  readonly pair: number
  readonly tokenIds: Int32Array
  readonly segmentIds: Int32Array
  /** Whether tokens were left out. */
  readonly truncated: boolean
}

/** How large a batch may be. */
export interface BatchLimits {
  /** Padded tokens of a batch, padding included. A longer sequence runs alone. */
  readonly tokens: number
  /** Share of padding that a batch may have: small where time grows with tokens (CPU), larger where a full device matters more. */
  readonly padding: number
}

/** Sequences padded with 0 to the longest: token and segment ids [batch, seq], row-major, task ids [batch]. */
export interface Batch {
  readonly batch: number
  readonly seq: number
  readonly tokenIds: Int32Array
  readonly segmentIds: Int32Array
  readonly taskIds: Int32Array
}

/** Result of `encodeAndRun`: the sequences of its pairs and, where they were run, their outputs, row-major: logits [sequences, 2] or vectors [sequences, hidden]. */
export interface EncodedRun {
  readonly pairs: EncodedPair[]
  readonly outputs?: Float32Array | undefined
}

/** Whether an engine can take work now. */
export interface Health {
  /** Workers that hold a loaded model. While it is 0, calls wait for a worker that is starting, or are rejected. */
  readonly workers: number
  /** Workers that ended without an answer in between, or starts that failed one after the other, whichever are more. */
  readonly crashes: number
  /** Why a worker is missing. */
  readonly failure?: string | undefined
}

/**
 * Tokenizer and session behind a matcher; in both SDKs they live in a worker. The typed arrays given to `run` may be transferred.
 * `abandoned` is aborted once no call waits for the answer any more: an engine may end what then still takes long.
 */
export interface Engine {
  encode(pairs: readonly TextInput[], policy: EncodePolicy, abandoned?: AbortSignal): Promise<EncodedPair[]>
  /** Encodes and, where all sequences fit into one batch, runs it: one round trip to the worker instead of two. */
  encodeAndRun(
    pairs: readonly TaskPair[],
    policy: EncodePolicy,
    limits: BatchLimits,
    abandoned?: AbortSignal
  ): Promise<EncodedRun>
  /** Logits [batch, 2], row-major, column 1 "the texts match"; of a bi-encoder, vectors [batch, hidden]. */
  run(batch: Batch, abandoned?: AbortSignal): Promise<Float32Array>
  health(): Health
  /** Lets the work under way end, for a few seconds at most, and frees everything. */
  dispose(): Promise<void>
}
