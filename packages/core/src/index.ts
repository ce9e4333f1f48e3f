export { ERROR_CODES, MatcherError, type MatcherErrorCode } from './errors'
export { isTask, SOHU_TASKS, TASKS, taskId, VARIANTS, type Task, type TaskSpec } from './tasks'
export { describeIssues } from './schema'

export { modelConfigToJson, parseModelConfig, type Conditioning, type ModelConfig } from './model/config'
export type { Initializer, Ops } from './model/ops'
export { parameterSpecs, type ParameterSpec } from './model/parameters'
export { roformer, type ModelInputs } from './model/roformer'
export { rotaryTables, type RotaryTables } from './model/rotary'
