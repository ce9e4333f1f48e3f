import type { TextTruncation } from './tokenizer/encode-pair'

/** Two texts to compare. */
export interface TextPair {
  readonly a: string
  readonly b: string
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

/** Sequences padded with 0 to the longest: token and segment ids row-major [size, length], task ids [size]. */
export interface EncodedBatch {
  readonly size: number
  readonly length: number
  readonly tokenIds: Int32Array
  readonly segmentIds: Int32Array
  readonly taskIds: Int32Array
}

/** Tokenizer and session behind a matcher; in both SDKs they live in a worker. The typed arrays given to `run` may be taken (transferred). */
export interface Engine {
  encode(pairs: readonly TextPair[], policy: EncodePolicy): Promise<EncodedPair[]>
  /** Logits [size, 2], row-major; column 1 is "the texts match". */
  run(batch: EncodedBatch): Promise<Float32Array>
  dispose(): Promise<void>
}
