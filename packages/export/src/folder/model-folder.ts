import {
  headLayout,
  kindOf,
  labelThresholdsOf,
  modelConfigToJson,
  parseManifest,
  thresholdOf,
  type Dtype,
  type Manifest,
  type ManifestGraph,
  type Metrics,
  type ModelConfig,
  type TaskSpec
} from '@sohu-match/core'
import { originNotice, type Assets, type OpenCheckpoint } from '@sohu-match/node'
import type { FolderWriter } from '../folder-writer'
import { huggingFaceConfig, taskCard } from './hugging-face'
import type { Reports } from '../measure/measure'
import { modelCard } from './model-card'
import type { ExportJob } from '../job'
import { taskTypes, TYPES_FILE } from './task-types'
import type { WrittenGraphs } from '../write-graphs'

/** Adds assets, configuration, model card, and the manifest with every file's hash to the graphs. */
export function finishModelFolder(
  { writer, checkpoint }: ExportJob,
  name: string,
  graphs: WrittenGraphs,
  reports: Reports
): Manifest {
  const { config } = checkpoint
  writeAssets(writer, checkpoint.assets)
  writer.json('config.json', modelConfigToJson(config))
  const vectors = config.architecture === 'bi-encoder' && {
    scale: checkpoint.weights.read('score.scale'),
    offset: checkpoint.weights.read('score.offset')
  }
  const layout = config.tasks.some(({ kind }) => kind) && headLayout(config.tasks, config.heads)
  if (layout) writer.text(TYPES_FILE, taskTypes(name, config.tasks))
  const manifest: Manifest = {
    format: vectors ? 2 : layout ? 3 : 1,
    name,
    ...(layout && { outputs: layout.width }),
    ...(vectors && { architecture: config.architecture, hidden: config.hiddenSize }),
    tasks: config.tasks.map((task) => ({
      ...task,
      ...(kindOf(task) === 'match' ? matchFigures(task, checkpoint) : answerFigures(task, checkpoint)),
      ...(layout && { columns: layout.ofTask[task.id]! }),
      ...(vectors && { scale: vectors.scale[task.id]!, offset: vectors.offset[task.id]! })
    })),
    maxLength: config.maxLength,
    ...(config.positionEmbeddingType === 'absolute' && { maxPositions: config.maxPositionEmbeddings }),
    tokenizer: {
      vocab: 'vocab.txt',
      ...(checkpoint.assets.dictionary && { dictionary: 'dictionary.bin' }),
      lowercase: true
    },
    graphs: Object.fromEntries(
      (Object.entries(graphs) as [Dtype, ManifestGraph][]).map(([dtype, graph]) => [
        dtype,
        measured(graph, reports[dtype]!, config)
      ])
    ),
    files: writer.files
  }
  writer.text('README.md', modelCard(manifest, config, checkpoint.assets.origin))
  const complete = parseManifest(JSON.parse(JSON.stringify(manifest))) // never writes what the SDKs would refuse
  writer.json('manifest.json', complete)
  return complete
}

/** Adds configuration and card in Hugging Face's layout, and the terms of public weights. */
export function finishTaskFolder(
  { writer, checkpoint: { config, thresholds, assets }, target }: ExportJob,
  name: string,
  graphs: WrittenGraphs
): void {
  const task = target.tasks[0]!
  if (assets.origin) writer.text('NOTICE', originNotice(assets.origin))
  writer.json('config.json', huggingFaceConfig(config, task, thresholdOf(thresholds, task.name)))
  writer.text(
    'README.md',
    taskCard(
      name,
      task,
      thresholdOf(thresholds, task.name),
      Object.values(graphs).map((graph) => graph.file),
      assets.origin
    )
  )
}

/** A match task's threshold, and F1 at it on the valid split. */
function matchFigures({ name }: TaskSpec, { thresholds, metrics }: OpenCheckpoint) {
  const threshold = thresholdOf(thresholds, name)
  return { threshold, f1: f1At(threshold, metrics.tasks[name]) }
}

/** The own score of another task on the valid split, with a threshold for each label where any may hold. */
function answerFigures(task: TaskSpec, { thresholds, metrics }: OpenCheckpoint) {
  const own = labelThresholdsOf(thresholds, task)
  return {
    ...(task.kind === 'any-of' && { thresholds: Object.fromEntries(task.labels!.map((label, i) => [label, own[i]!])) }),
    score: ratio(metrics.answers?.[task.name]?.score)
  }
}

function writeAssets(writer: FolderWriter, { vocab, dictionary, notice }: Assets): void {
  writer.text('vocab.txt', vocab)
  if (dictionary) writer.write('dictionary.bin', [dictionary])
  writer.text('NOTICE', notice)
}

/** Rounded, so that the last digits of another run do not change the file. */
function measured(
  graph: ManifestGraph,
  { parityDifference, gate }: Reports[Dtype] & object,
  { architecture }: ModelConfig
): ManifestGraph {
  const largest = Math.max(parityDifference, gate?.largestDifference ?? 0)
  const f1 =
    gate && Object.fromEntries(Object.entries(gate.metrics.tasks).map(([task, metrics]) => [task, ratio(metrics.f1)]))
  const difference = architecture === 'bi-encoder' ? 'maxCosineDifference' : 'maxLogitDifference'
  const { answers } = gate?.metrics ?? {}
  const scores = answers && Object.fromEntries(Object.entries(answers).map(([task, { score }]) => [task, ratio(score)]))
  return { ...graph, [difference]: Number(largest.toPrecision(2)), ...(f1 && { f1 }), ...(scores && { scores }) }
}

/** F1 of the valid split if it was measured at `threshold`, otherwise null: metrics without a threshold are at 0.5. */
export function f1At(threshold: number, metrics: Metrics['tasks'][string] | undefined): number | null {
  return metrics && (metrics.threshold ?? 0.5) === threshold ? ratio(metrics.f1) : null
}

/** 0/0 has no JSON form. */
function ratio(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : Number(value.toFixed(6))
}
