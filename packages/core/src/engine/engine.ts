import type { TextTruncation } from '../tokenizer/encode-pair'

/** Two texts to compare. */
export interface TextPair {
  readonly a: string
  readonly b: string
}

/** Two texts and the id of the task to judge them under. */
export interface TaskPair extends TextPair {
  readonly taskId: number
}

/** Reading a long pair in windows: each at most `window` tokens with the special ones, each `stride` tokens further into the texts. */
export interface WindowTruncation {
  readonly window: number
  readonly stride: number
  /** The score of the pair: its best window's, or the one of the windows' mean logits. */
  readonly combine: 'max' | 'mean'
}

/** What happens to a pair that is longer than `maxLength`. `longest-first` is the reference's way. */
export type Truncation = TextTruncation | WindowTruncation

/** The longest sequence that is accepted, in tokens: attention's memory grows with its square. */
export const MAX_SEQUENCE = 8_192

/** How texts become sequences. */
export interface EncodePolicy {
  /** Tokens of a sequence, [CLS] and both [SEP] included. */
  readonly maxLength: number
  readonly truncation: Truncation
}

/** A sequence as the network reads it, not yet padded. A window policy gives several of one pair, in reading order. */
export interface EncodedPair {
  /** Index of the pair in the call that encoded it. */
  readonly pair: number
  readonly tokenIds: Int32Array
  readonly segmentIds: Int32Array
  /** Whether tokens were left out. */
  readonly truncated: boolean
}

/** What goes into one batch. */
export interface BatchLimits {
  /** Padded tokens of a batch, padding included. A longer sequence runs alone. */
  readonly tokens: number
  /** Share of padding that a batch may have: small where time goes with tokens (CPU), larger where a full device matters more. */
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

/** Result of `encodeAndRun`: the sequences of its pairs and, where they were run, logits [sequences, 2], row-major. */
export interface EncodedRun {
  readonly pairs: EncodedPair[]
  readonly logits?: Float32Array | undefined
}

/** Tokenizer and session behind a matcher; in both SDKs they live in a worker. The typed arrays given to `run` may be taken (transferred). */
export interface Engine {
  encode(pairs: readonly TextPair[], policy: EncodePolicy): Promise<EncodedPair[]>
  /** Encodes and, where all sequences fit into one batch, runs it: one journey to the worker in place of two. */
  encodeAndRun(pairs: readonly TaskPair[], policy: EncodePolicy, limits: BatchLimits): Promise<EncodedRun>
  /** Logits [batch, 2], row-major; column 1 is "the texts match". */
  run(batch: Batch): Promise<Float32Array>
  dispose(): Promise<void>
}
