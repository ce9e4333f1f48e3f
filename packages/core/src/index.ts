export { ERROR_CODES, MatcherError, messageOf, type MatcherErrorCode } from './errors'
export { kindOf, SOHU_TASKS, TASKS, taskId, VARIANTS, type Task, type TaskSpec } from './tasks'
export { taskEntries } from './formats/task-schema'
export { camelCased, describeIssues, recordOf, snakeCased, type CamelCased } from './schema'

export { MODEL_ALTERNATIVES, MODEL_KEYS, modelConfigToJson, parseModelConfig, type ModelConfig } from './model/config'
export { classifierColumns, headKey, headLayout } from './model/heads'
export type { Initializer, Ops } from './model/ops'
export { parameterSpecs, type ParameterSpec } from './model/parameters'
export { pairLogits, roformer, WORD_EMBEDDINGS } from './model/roformer'
export { rotaryTables } from './model/rotary'

export {
  parseMetrics,
  parseParity,
  parityToJson,
  parseThresholds,
  type CheckpointMetrics,
  type ParityBatch
} from './formats/checkpoint'
export { parseDatasetJson } from './formats/dataset'
export { parseLine, sohuFields, type Example, type LineFormat } from './formats/lines'
export { numberText } from './formats/number-text'
export type { Target } from './formats/target'
export { answerValues, heldLabels } from './model/answers'
export {
  chooseAllThresholds,
  evaluateAll,
  evaluateAnswers,
  ownScoreOf,
  type AnswerMetrics,
  type AnswerRow,
  type EvaluationRows,
  type LabelMetrics,
  type ScoreMetrics
} from './metrics/answer-metrics'
export {
  argmaxLabel,
  atThresholds,
  auc,
  chooseThreshold,
  chooseThresholds,
  classMetrics,
  evaluateAt,
  evaluateRows,
  labelThresholdsOf,
  meanOfNumbers,
  MIN_THRESHOLD_ROWS,
  ownScores,
  thresholdOf,
  type ClassMetrics,
  type Metrics,
  type ScoredRow,
  type Thresholds
} from './metrics/metrics'
export {
  decodeSafetensors,
  decodeTensor,
  elementCount,
  encodeSafetensors,
  encodeSafetensorsHeader,
  parseSafetensorsHeader,
  safetensorsDataStart,
  type NamedTensor,
  type Tensor,
  type TensorEntry
} from './formats/safetensors'
export { DTYPE_BYTES, type SafetensorsDtype } from './formats/tensor-dtypes'

export { chooseDtype, DTYPES, GRAPH_FILES, type Dtype } from './dtype'
export { parseManifest, type Manifest, type ManifestFile, type ManifestGraph } from './formats/manifest'
export type { Batch, EncodedPair, Engine, Truncation } from './engine/engine'
export type {
  AnyClassification,
  AnyOfResult,
  Classification,
  ClassifyTypes,
  CommonOptions,
  DeviceReason,
  FileProgress,
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
  TaskNames,
  TaskType,
  TaskTypes,
  VectorInfo
} from './matcher/types'
export { graphInputs, padBatch, pickBatch, type TaskSequence } from './engine/batch'
export { startFirst, type DeviceCandidate } from './engine/start-first'
export { untilAborted } from './until-aborted'
export { encodePairs } from './engine/encode'
export { checkLoadOptions } from './matcher/check-input'
export { sumOfDevices, withOverall } from './matcher/overall'
export { matchScore } from './matcher/score'
export { checkStoredVectors, type StoredVectors } from './matcher/stored-vectors'
export type { VectorStore } from './matcher/text-vectors'
export type { TaskText, TextVectors } from './matcher/vector-cache'
export { BATCH_LIMITS, createMatcherFrom } from './matcher/matcher'
export { createWorkerClient, type WorkerClient } from './engine/worker-client'
export { type PostMessage, type WorkerReply, type WorkerRequest } from './engine/worker-messages'
export { createWorkerServer, type WorkerRuntime } from './engine/worker-server'
export {
  basicWords,
  buildVocab,
  compileDictionary,
  countWords,
  createSegmenter,
  createTokenizer,
  dictionaryWords,
  keptLengths,
  normalize,
  openDictionary,
  parseVocab,
  segmentWords,
  SPECIAL_TOKENS,
  type Tokenizer,
  type Vocab
} from './tokenizer/index'
