import {
  modelConfigToJson,
  parseManifest,
  type Dtype,
  type Manifest,
  type ManifestGraph,
  type Metrics,
  type ModelConfig
} from '@sohu-match/core'
import type { Assets } from '@sohu-match/node'
import type { FolderWriter } from '../folder-writer'
import { huggingFaceConfig, taskCard } from './hugging-face'
import type { Reports } from '../measure/measure'
import { modelCard } from './model-card'
import type { ExportJob } from '../job'
import type { WrittenGraphs } from '../write-graphs'

/** Adds assets, configuration, model card, and the manifest with every file's hash to the graphs. */
export function finishModelFolder(
  { writer, checkpoint }: ExportJob,
  name: string,
  graphs: WrittenGraphs,
  reports: Reports
): Manifest {
  const { config, metrics, thresholds } = checkpoint
  writeAssets(writer, checkpoint.assets)
  writer.json('config.json', modelConfigToJson(config))
  const vectors = config.architecture === 'bi-encoder' && {
    scale: checkpoint.weights.read('score.scale'),
    offset: checkpoint.weights.read('score.offset')
  }
  const manifest: Manifest = {
    format: vectors ? 2 : 1,
    name,
    ...(vectors && { architecture: config.architecture, hidden: config.hiddenSize }),
    tasks: config.tasks.map((task) => ({
      ...task,
      threshold: thresholds[task.name]!,
      f1: f1At(thresholds[task.name]!, metrics.tasks[task.name]),
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
  writer.text('README.md', modelCard(manifest, config))
  const complete = parseManifest(JSON.parse(JSON.stringify(manifest))) // never writes what the SDKs would refuse
  writer.json('manifest.json', complete)
  return complete
}

/** Adds configuration and card in Hugging Face's layout. */
export function finishTaskFolder(
  { writer, checkpoint: { config, thresholds }, target }: ExportJob,
  name: string,
  graphs: WrittenGraphs
): void {
  const task = target.tasks[0]!
  writer.json('config.json', huggingFaceConfig(config, task, thresholds[task.name]!))
  writer.text(
    'README.md',
    taskCard(
      name,
      task,
      thresholds[task.name]!,
      Object.values(graphs).map((graph) => graph.file)
    )
  )
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
  return { ...graph, [difference]: Number(largest.toPrecision(2)), ...(f1 && { f1 }) }
}

/** F1 of the valid split if it was measured at `threshold`, otherwise null: metrics without a threshold are at 0.5. */
export function f1At(threshold: number, metrics: Metrics['tasks'][string] | undefined): number | null {
  return metrics && (metrics.threshold ?? 0.5) === threshold ? ratio(metrics.f1) : null
}

/** 0/0 has no JSON form. */
function ratio(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : Number(value.toFixed(6))
}
