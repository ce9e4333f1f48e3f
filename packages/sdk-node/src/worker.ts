import { parentPort, workerData } from 'node:worker_threads'
import {
  createTokenizer,
  createWorkerServer,
  type PostMessage,
  type WorkerReply,
  type WorkerRequest
} from '@sohu-match/core'
import { env } from 'onnxruntime-node'
import { passGate, type Gate } from './gate'
import { openRemoteSession } from './remote-session'
import { openSession } from './session'
import { runtimeVersion } from './session-options'
import type { NodeLoad, NodeLoaded } from './worker-load'

/** The worker thread: tokenizer and session, off the caller's event loop. */
const port = parentPort!
const { gate } = workerData as { readonly gate: Gate }
const post: PostMessage<WorkerReply<NodeLoaded>> = (message, transfer) => port.postMessage(message, transfer)

const serve = createWorkerServer<NodeLoad, NodeLoaded>(post, async (options, onProgress) => {
  const { graphFile: file, graph, vocab, dictionary, externalData } = options
  const parts = [graph, vocab, ...(dictionary ? [dictionary] : []), ...externalData.map(({ data }) => data)]
  const bytes = parts.reduce((sum, { length }) => sum + length, 0)
  const compiled = (loaded: number): void =>
    onProgress({ phase: 'compile', file, loaded, total: graph.length, overall: { loaded: bytes, total: bytes } })
  compiled(0)
  const session = await passGate(gate, () =>
    options.remote ? openRemoteSession(options.remote, options.outputs) : openSession(options)
  )
  compiled(graph.length)
  return {
    info: { runtimeVersion: runtimeVersion(env) },
    tokenizer: createTokenizer(new TextDecoder().decode(options.vocab), options.dictionary),
    run: (batch) => passGate(gate, () => session.run(batch)),
    dispose: () => passGate(gate, () => session.release())
  }
})

port.on('message', (request: WorkerRequest<NodeLoad>) => void serve(request))
