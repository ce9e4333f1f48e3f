import { createWorkerServer, type PostMessage, type WorkerReply, type WorkerRequest } from '@sohu-match/core'
import type { FetchRequest, WebLoad, WebLoaded } from '../messages'
import { loadModel } from './load-model'
import { createRemoteFetch } from './remote-fetch'

const scope = self as unknown as DedicatedWorkerGlobalScope
const post: PostMessage<WorkerReply<WebLoaded> | FetchRequest> = (message, transfer) =>
  scope.postMessage(message, transfer)
const remoteFetch = createRemoteFetch((request, transfer) => scope.postMessage(request, transfer))

const handle = createWorkerServer<WebLoad, WebLoaded>(post, (options, onProgress) =>
  loadModel(options, options.pageFetches ? remoteFetch : fetch.bind(scope), onProgress)
)

scope.onmessage = ({ data }: MessageEvent<WorkerRequest<WebLoad>>) => void handle(data)
