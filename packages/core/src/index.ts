export { ERROR_CODES, MatcherError, messageOf, type MatcherErrorCode } from './errors'
export { isTask, SOHU_TASKS, TASKS, taskId, VARIANTS, type Task, type TaskSpec } from './tasks'
export { camelCased, describeIssues, recordOf, snakeCased, type CamelCased } from './schema'

export { MODEL_ALTERNATIVES, MODEL_KEYS, modelConfigToJson, parseModelConfig, type ModelConfig } from './model/config'
export type { Initializer, Ops } from './model/ops'
export { parameterSpecs, type ParameterSpec } from './model/parameters'
export { pairLogits, roformer, WORD_EMBEDDINGS, type ModelInputs, type VectorPair } from './model/roformer'
export { rotaryTables, type RotaryTables } from './model/rotary'

export {
  parseMetrics,
  parseParity,
  parityToJson,
  parseThresholds,
  type CheckpointMetrics,
  type ParityBatch
} from './formats/checkpoint'
export { parseDatasetJson, type DatasetTask } from './formats/dataset'
export { parseLine, sohuFields, type Example, type LineFields, type LineFormat } from './formats/lines'
export { numberText } from './formats/number-text'
export {
  argmaxLabel,
  atThresholds,
  auc,
  chooseThreshold,
  chooseThresholds,
  classMetrics,
  evaluateAt,
  evaluateRows,
  meanOfNumbers,
  thresholdOf,
  type ClassMetrics,
  type Metrics,
  type ScoredRow,
  type TaskMetrics
} from './metrics'
export {
  decodeSafetensors,
  decodeTensor,
  elementCount,
  encodeSafetensors,
  encodeSafetensorsHeader,
  parseSafetensorsHeader,
  safetensorsDataStart,
  type NamedTensor,
  type SafetensorsHeader,
  type Tensor,
  type TensorEntry
} from './formats/safetensors'
export { bytesOf, DTYPE_BYTES, halfToFloat, type SafetensorsDtype } from './formats/tensor-dtypes'

export { AUTO_DTYPES, chooseDtype, DTYPES, GRAPH_FILES, type Device, type Dtype } from './dtype'
export {
  MANIFEST_FORMAT,
  parseManifest,
  type Manifest,
  type ManifestFile,
  type ManifestGraph,
  type ManifestTask
} from './formats/manifest'
export type { Batch, EncodedPair, EncodePolicy, Engine, TextPair, Truncation, WindowTruncation } from './engine/engine'
export type {
  CommonOptions,
  DeviceReason,
  LoadProgress,
  Matcher,
  MatcherInfo,
  MatchResult,
  Pair,
  RankedMatch,
  RankOptions,
  Reranker,
  RunManyOptions,
  RunOptions,
  VectorInfo
} from './matcher/types'
export { padBatch, pickBatch, type TaskSequence } from './engine/batch'
export { startFirst, type DeviceCandidate, type StartedDevice } from './engine/start-first'
export { untilAborted } from './until-aborted'
export { encodePairs } from './engine/encode'
export { matchScore } from './matcher/score'
export { BATCH_LIMITS, createMatcherFrom, type EngineInfo } from './matcher/matcher'
export { createWorkerClient, type WorkerClient } from './engine/worker-client'
export {
  buffersOf,
  failureOf,
  failureToError,
  type PostMessage,
  type WorkerFailure,
  type WorkerReply,
  type WorkerRequest
} from './engine/worker-messages'
export { createWorkerServer, type WorkerRuntime } from './engine/worker-server'
export {
  basicWords,
  buildVocab,
  compileDictionary,
  countWords,
  createSegmenter,
  createTokenizer,
  dictionaryWords,
  encodePair,
  keptLengths,
  normalize,
  openDictionary,
  parseVocab,
  segmentWords,
  SPECIAL_TOKENS,
  type BuildVocabOptions,
  type EncodeOptions,
  type Encoding,
  type Segmenter,
  type TextTruncation,
  type Tokenizer,
  type Vocab,
  type WordCounts
} from './tokenizer/index'
