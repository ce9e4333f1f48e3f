import { parentPort } from 'node:worker_threads'
import {
  createTokenizer,
  createWorkerServer,
  type PostMessage,
  type WorkerReply,
  type WorkerRequest
} from '@sohu-match/core'
import { openSession, runtimeVersion } from './session'
import type { NodeLoad, NodeLoaded } from './worker-load'

/** The worker thread: tokenizer and session, off the caller's event loop. */
const port = parentPort!
const post: PostMessage<WorkerReply<NodeLoaded>> = (message, transfer) => port.postMessage(message, transfer)

const serve = createWorkerServer<NodeLoad, NodeLoaded>(post, async (options, onProgress) => {
  const { graphFile: file, graphBytes: total } = options
  onProgress({ phase: 'compile', file, loaded: 0, total })
  const session = await openSession(options)
  onProgress({ phase: 'compile', file, loaded: total, total })
  return {
    info: { runtimeVersion: runtimeVersion() },
    tokenizer: createTokenizer(new TextDecoder().decode(options.vocab), options.dictionary),
    run: session.run,
    dispose: session.release
  }
})

port.on('message', (request: WorkerRequest<NodeLoad>) => void serve(request))
