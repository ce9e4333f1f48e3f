export {
  checkStoredVectors,
  ERROR_CODES,
  MatcherError,
  TASKS,
  type MatcherErrorCode,
  type Task
} from '@sohu-match/core'
export type {
  AnyClassification,
  AnyOfResult,
  Classification,
  ClassifyTypes,
  DeviceReason,
  Dtype,
  LoadProgress,
  Matcher,
  MatcherInfo,
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
export { checkDevice, type DeviceCheck } from './check-device'
export { createMatcher } from './create-matcher'
export type { CudaOptions, MatcherOptions, NodeDevice } from './options'
export { readVectors } from './vectors/read-vectors'
