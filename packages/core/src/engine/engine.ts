import type { TextTruncation } from '../tokenizer/encode-pair'

/** Two texts to compare. */
export interface TextPair {
  readonly a: string
  readonly b: string
}

/** Input of the network: two texts, or one for a bi-encoder. */
export interface TextInput {
  readonly a: string
  readonly b?: string | undefined
}

/** With the id of the task under which it is read. */
export interface TaskPair extends TextInput {
  readonly taskId: number
}

/** Reads a long pair in windows of at most `window` tokens, including special ones, advancing by `stride` tokens. */
export interface WindowTruncation {
  readonly window: number
  readonly stride: number
  /** The score of the pair: of its best window, or from the mean of the windows' logits. */
  readonly combine: 'max' | 'mean'
}

/** Handling of pairs longer than `maxLength`. `longest-first` is the reference's. */
export type Truncation = TextTruncation | WindowTruncation

/** Maximum tokens of a sequence: attention's memory grows with its square. */
export const MAX_SEQUENCE = 8_192

export interface EncodePolicy {
  /** Tokens of a sequence, including [CLS] and both [SEP]. */
  readonly maxLength: number
  readonly truncation: Truncation
}

/** An unpadded sequence. A window policy produces several per pair, in reading order. */
export interface EncodedPair {
  /** Index of the pair in the call that encoded it. */
  readonly pair: number
  readonly tokenIds: Int32Array
  readonly segmentIds: Int32Array
  /** True if tokens were dropped. */
  readonly truncated: boolean
}

export interface BatchLimits {
  /** Padded tokens of a batch. A longer sequence runs alone. */
  readonly tokens: number
  /** Maximum share of padding: small where time grows with tokens (CPU), larger where a full device matters more. */
  readonly padding: number
}

/** Padded sequences: token and segment ids [batch, seq], row-major, task ids [batch]. */
export interface Batch {
  readonly batch: number
  readonly seq: number
  readonly tokenIds: Int32Array
  readonly segmentIds: Int32Array
  readonly taskIds: Int32Array
}

/**
 * Result of `encodeAndRun`: the sequences of its pairs and, if they were run, their outputs, row-major: logits
 * [sequences, 2] or vectors [sequences, hidden].
 */
export interface EncodedRun {
  readonly pairs: EncodedPair[]
  readonly outputs?: Float32Array | undefined
}

/** Whether an engine can accept work now. */
export interface Health {
  /** Workers with a loaded model. While it is 0, calls wait for a worker that is starting, or are rejected. */
  readonly workers: number
  /** Consecutive worker exits without a reply in between, or consecutive failed starts, whichever are more. */
  readonly crashes: number
  /** The reason why a worker is missing. */
  readonly failure?: string | undefined
}

/**
 * Tokenizer and session behind a matcher; in both SDKs they are in a worker. The typed arrays passed to `run` may be
 * transferred. `abandoned` is aborted once no call waits for the result any more: an engine may then stop work that
 * takes long.
 */
export interface Engine {
  encode(pairs: readonly TextInput[], policy: EncodePolicy, abandoned?: AbortSignal): Promise<EncodedPair[]>
  /** Encodes and, if all sequences fit into one batch, runs it: one round trip to the worker instead of two. */
  encodeAndRun(
    pairs: readonly TaskPair[],
    policy: EncodePolicy,
    limits: BatchLimits,
    abandoned?: AbortSignal
  ): Promise<EncodedRun>
  /** Logits [batch, 2], row-major, column 1 means a match; for a bi-encoder, vectors [batch, hidden]. */
  run(batch: Batch, abandoned?: AbortSignal): Promise<Float32Array>
  health(): Health
  /** Waits for current work, for a few seconds at most, and frees everything. */
  dispose(): Promise<void>
}
