export { TASKS, MatcherError, type MatcherErrorCode, type Task } from '@sohu-match/core'
export type {
  AnyClassification,
  AnyOfResult,
  Classification,
  ClassifyTypes,
  DeviceReason,
  Dtype,
  LoadProgress,
  MatchResult,
  OneOfResult,
  Pair,
  RankedMatch,
  RankOptions,
  Reranker,
  RunManyOptions,
  RunOptions,
  ScoreResult,
  StoredVectors,
  TaskNames,
  TaskType,
  TaskTypes,
  Truncation,
  VectorInfo
} from '@sohu-match/core'
export { clearCache } from './clear-cache'
export { createMatcher } from './create-matcher'
export { listAssets, preload, type Preloaded } from './prepare'
export type { Asset, StorageKind, WebDevice } from './messages'
export type { LoadOptions, MatcherOptions, WebMatcher as Matcher, WebMatcherInfo as MatcherInfo } from './options'
