export { TASKS, MatcherError, type MatcherErrorCode, type Task } from '@sohu-match/core'
export type {
  DeviceReason,
  Dtype,
  LoadProgress,
  MatchResult,
  Pair,
  RankedMatch,
  RankOptions,
  Reranker,
  RunManyOptions,
  RunOptions,
  StoredVectors,
  Truncation,
  VectorInfo
} from '@sohu-match/core'
export { clearCache } from './clear-cache'
export { createMatcher } from './create-matcher'
export { listAssets, preload, type Preloaded } from './prepare'
export type { Asset, StorageKind, WebDevice } from './messages'
export type { LoadOptions, MatcherOptions, WebMatcher as Matcher, WebMatcherInfo as MatcherInfo } from './options'
