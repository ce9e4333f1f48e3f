import { join } from 'node:path'
import type { NamedTensor } from '@sohu-match/core'
import type { InferenceSession } from 'onnxruntime-node'
import { FolderWriter } from '../src/folder-writer'
import { serializeGraph, type Graph } from '../src/onnx/serialize'
import { openGraph, type GraphRunner } from '../src/session'

/** Reads weights by name from tensors in memory. */
export function weightsOf(tensors: readonly NamedTensor[]): (name: string) => Float32Array {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor.data]))
  return (name) => byName.get(name)!
}

/** Returns the path of `folder/name.onnx`. */
export function writeGraphFile(folder: string, name: string, graph: Graph): string {
  const { model } = serializeGraph(graph, 'sohu-match', { fileName: '', limit: Infinity })
  new FolderWriter(folder).write(`${name}.onnx`, model)
  return join(folder, `${name}.onnx`)
}

/** Writes a graph of all tasks and loads it. */
export function openGraphIn(
  folder: string,
  name: string,
  graph: Graph,
  options?: InferenceSession.SessionOptions
): Promise<GraphRunner> {
  return openGraph(writeGraphFile(folder, name, graph), options)
}
