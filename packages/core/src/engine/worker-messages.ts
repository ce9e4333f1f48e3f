import { MatcherError, messageOf, type MatcherErrorCode } from '../errors'
import type { BatchLimits, Batch, EncodedPair, EncodePolicy, EncodedRun, TaskPair, TextInput } from './engine'
import type { LoadProgress } from '../matcher/types'

/** Requests to a worker. `Load` are an SDK's parameters for loading. */
export type WorkerRequest<Load> =
  | { readonly type: 'load'; readonly id: number; readonly options: Load }
  | {
      readonly type: 'encode'
      readonly id: number
      readonly pairs: readonly TextInput[]
      readonly policy: EncodePolicy
    }
  | {
      readonly type: 'encodeAndRun'
      readonly id: number
      readonly pairs: readonly TaskPair[]
      readonly policy: EncodePolicy
      readonly limits: BatchLimits
    }
  | { readonly type: 'run'; readonly id: number; readonly batch: Batch }
  | { readonly type: 'dispose'; readonly id: number }

/** Replies with the request's id; any number of `progress` messages precede the reply to `load`. */
export type WorkerReply<Info> =
  | { readonly type: 'load'; readonly id: number; readonly info: Info }
  | { readonly type: 'progress'; readonly id: number; readonly progress: LoadProgress }
  | { readonly type: 'encode'; readonly id: number; readonly pairs: EncodedPair[] }
  | { readonly type: 'encodeAndRun'; readonly id: number; readonly result: EncodedRun }
  | { readonly type: 'run'; readonly id: number; readonly outputs: Float32Array }
  | { readonly type: 'dispose'; readonly id: number }
  | { readonly type: 'error'; readonly id: number; readonly error: WorkerFailure }

/** An error in a form that every structured clone preserves. */
export interface WorkerFailure {
  readonly code: MatcherErrorCode
  readonly message: string
  readonly cause?: string | undefined
}

/** Sends a message; the buffers are transferred, not copied. */
export type PostMessage<Message> = (message: Message, transfer: ArrayBuffer[]) => void

/** The distinct buffers of arrays, for a transfer. */
export function buffersOf(arrays: readonly ArrayBufferView[]): ArrayBuffer[] {
  return [...new Set(arrays.map((array) => array.buffer as ArrayBuffer))]
}

/** Errors without a code get `code`. */
export function failureOf(error: unknown, code: MatcherErrorCode): WorkerFailure {
  if (error instanceof MatcherError)
    return {
      code: error.code,
      message: error.message,
      cause: error.cause === undefined ? undefined : messageOf(error.cause)
    }
  return { code, message: messageOf(error) }
}

export function failureToError({ code, message, cause }: WorkerFailure): MatcherError {
  return new MatcherError(code, message, cause === undefined ? undefined : { cause: new Error(cause) })
}
