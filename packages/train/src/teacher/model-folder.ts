import { join } from 'node:path'
import { createTokenizer, graphInputs, MatcherError, messageOf, parseManifest, type Manifest } from '@sohu-match/core'
import { readBytes, readManifest, readText, sha256File, withholdTelemetry } from '@sohu-match/node'
import type { InputBatch } from '../autograd/pass'
import type { Teacher } from './teacher'

/** The most exact graph of the folder is run. Half precision is excluded, as the CPU lacks its operations. */
const PREFERRED = ['fp32', 'q8', 'int8', 'q4'] as const

/** The runtime warns about every optional provider that is missing. */
const LOG_ERRORS_ONLY = 3

/**
 * Opens an exported model folder with onnxruntime-node, on the CPU, and verifies its files. Throws `manifest-invalid`,
 * `asset-missing`, `asset-corrupt`, `dtype-missing`.
 */
export async function openModelFolder(folder: string): Promise<Teacher> {
  const manifest = parseManifest(await readManifest(folder), join(folder, 'manifest.json'))
  const dtype = PREFERRED.find((name) => Object.hasOwn(manifest.graphs, name))
  if (dtype === undefined)
    throw new MatcherError(
      'dtype-missing',
      `${folder} has no graph that the CPU runs (it offers ${Object.keys(manifest.graphs).join(', ')}); export it with --dtype fp32.`
    )
  const graph = manifest.graphs[dtype]!
  const { vocab, dictionary } = manifest.tokenizer
  const used = [vocab, ...(dictionary === undefined ? [] : [dictionary]), graph.file, ...(graph.externalData ?? [])]
  for (const file of used) await verify(folder, file, manifest)
  const { architecture = 'cross-encoder', tasks, hidden = 2, outputs: columns = 2 } = manifest
  const session = await openSession(join(folder, graph.file))
  return {
    sha256: await sha256File(join(folder, 'manifest.json')), // it holds the hashes of all other files
    tasks,
    tokenizer: createTokenizer(
      await readText(join(folder, vocab)),
      dictionary === undefined ? undefined : await readBytes(join(folder, dictionary))
    ),
    maxLength: manifest.maxLength,
    network: {
      architecture,
      width: hidden,
      columns,
      firstColumns: tasks.map(({ columns: own = [0, 2] }) => own[0]),
      run: session.run,
      scales: tasks.map(({ scale }) => scale ?? NaN),
      offsets: tasks.map(({ offset }) => offset ?? NaN)
    },
    dispose: session.release
  }
}

async function verify(folder: string, file: string, { files }: Manifest): Promise<void> {
  const path = join(folder, file)
  if ((await sha256File(path)) === files[file]!.sha256) return
  throw new MatcherError('asset-corrupt', `${path} is not the file that manifest.json lists; export the model again.`)
}

/** Loads ONNX Runtime with the first teacher that needs it. Throws `asset-corrupt`. */
async function openSession(path: string) {
  withholdTelemetry()
  const { InferenceSession, Tensor } = await import('onnxruntime-node')
  const session = await InferenceSession.create(path, { logSeverityLevel: LOG_ERRORS_ONLY }).catch((cause: unknown) => {
    throw new MatcherError(
      'asset-corrupt',
      `onnxruntime-node cannot run ${path}: ${messageOf(cause)}. Export the model again.`,
      { cause }
    )
  })
  return {
    run: async (batch: InputBatch): Promise<Float32Array> => {
      const outputs = await session.run(graphInputs(batch, (ids, dims) => new Tensor('int32', ids, dims)))
      return outputs[session.outputNames[0]!]!.data as Float32Array
    },
    release: () => session.release()
  }
}
