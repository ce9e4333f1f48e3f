import { GRAPH_FILES, MatcherError, taskId, type Dtype, type ModelConfig, type TaskSpec } from '@sohu-match/core'
import type { WeightFormat } from './formats/format'
import { singleTaskGraph, allTasksGraph } from './graph/graph'
import type { Graph } from './onnx/serialize'
import { openGraph, openTaskGraph, type OpenGraph } from './session'

/** The graphs that an export makes: their files, tasks and inputs. */
export interface Target {
  readonly files: Readonly<Record<Dtype, string>>
  readonly tasks: readonly TaskSpec[]
  graph(read: (name: string) => Float32Array, format: WeightFormat): Graph
  readonly open: OpenGraph
}

/** Names that Hugging Face's tools expect; `q8` is called `quantized`. */
const HUGGING_FACE_FILES: Readonly<Record<Dtype, string>> = { ...GRAPH_FILES, q8: 'onnx/model_quantized.onnx' }

/** For the SDKs; `moved` are other places of graphs. */
export function allTasks(config: ModelConfig, moved: Partial<Record<Dtype, string>> = {}): Target {
  return {
    files: { ...GRAPH_FILES, ...moved },
    tasks: config.tasks,
    open: openGraph,
    graph: (read, format) => allTasksGraph(config, read, format)
  }
}

/** For Hugging Face's tools. Throws `task-unknown`, and `architecture-mismatch` for a bi-encoder or for tasks with labels. */
export function singleTask(config: ModelConfig, name: string): Target {
  const id = taskId(name, config.tasks)
  if (config.architecture === 'bi-encoder') {
    throw new MatcherError(
      'architecture-mismatch',
      'This checkpoint is a bi-encoder; a one-task export in the layout of Hugging Face is of cross-encoders. Leave out --task.'
    )
  }
  const labelled = config.tasks.find(({ kind }) => kind)
  if (labelled) {
    throw new MatcherError(
      'architecture-mismatch',
      `The task "${labelled.name}" of this checkpoint has labels or a score; a one-task export is of networks whose tasks are all match tasks. Leave out --task.`
    )
  }
  return {
    files: HUGGING_FACE_FILES,
    tasks: [config.tasks[id]!],
    open: openTaskGraph,
    graph: (read, format) => singleTaskGraph(config, read, format, id)
  }
}
