import type { Matcher } from '@sohu-match/sdk-node'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { refusal } from '../errors'
import type { JsonParser } from '../json-body'
import type { RouteContext } from '../routes'
import { HEADER_LENGTH, readBinaryBodies } from './body'
import { infer, INPUTS, OUTPUTS, type InferBody } from './infer'
import { inferSchema, liveSchema, modelReadySchema, modelSchema, readySchema, serverSchema } from './schemas'

export interface ProtocolOptions {
  readonly info: Matcher<string>['info']
  readonly version: string
  readonly parse: JsonParser
  /** Throws a refusal (503) while no worker can judge pairs. */
  readonly requireReady: () => void
  readonly context: (request: FastifyRequest, reply: FastifyReply) => RouteContext
}

/** Parameters of an address: the model, and the version if the client names it. */
interface ModelRoute {
  readonly Params: { readonly model: string; readonly version?: string }
}

/** Characters of the graph's hash in the version. */
const VERSION_LENGTH = 12

/** Characters of an unknown name in the response. */
const SHOWN_NAME = 100

/**
 * Adds the HTTP routes of the open inference protocol, version 2, with binary tensors, as Triton's and KServe's clients
 * use it: github.com/kserve/open-inference-protocol, specification/protocol/inference_rest.md. The server's model is
 * the only one, and its version is the start of its graph's hash. Errors have the same body as on other routes, which
 * includes the protocol's `error`.
 */
export async function addInferenceProtocol(scope: FastifyInstance, options: ProtocolOptions): Promise<void> {
  const { info, version, parse, requireReady, context } = options
  const modelVersion = info.modelHash.slice(0, VERSION_LENGTH)
  readBinaryBodies(scope, parse)
  scope.get('/v2/health/live', { schema: liveSchema }, async () => ({ live: true }))
  scope.get('/v2/health/ready', { schema: readySchema }, async () => {
    requireReady()
    return { live: true, ready: true } // the specification's text has `live` here, KServe `ready`
  })
  for (const path of ['/v2', '/v2/'])
    scope.get(path, { schema: { ...serverSchema, hide: path.endsWith('/') } }, async () => ({
      name: 'sohu-match',
      version,
      extensions: ['binary_tensor_data']
    }))

  function requireModel({ params }: FastifyRequest<ModelRoute>): void {
    if (params.model !== info.model)
      throw unknown(`There is no model "${params.model.slice(0, SHOWN_NAME)}"; "${info.model}" is served.`)
    if (params.version !== undefined && params.version !== modelVersion)
      throw unknown(`The version of ${info.model} is "${modelVersion}", not "${params.version.slice(0, SHOWN_NAME)}".`)
  }
  for (const path of ['/v2/models/:model', '/v2/models/:model/versions/:version']) {
    scope.get<ModelRoute>(path, { schema: modelSchema }, async (request) => {
      requireModel(request)
      return { name: info.model, versions: [modelVersion], platform: 'sohu-match', inputs: INPUTS, outputs: OUTPUTS }
    })
    scope.get<ModelRoute>(`${path}/ready`, { schema: modelReadySchema }, async (request) => {
      requireModel(request)
      requireReady()
      return { name: info.model, ready: true }
    })
    scope.post<ModelRoute>(`${path}/infer`, { schema: inferSchema }, async (request, reply) => {
      requireModel(request)
      const { json, binary } = await infer(request.body as InferBody, modelVersion, context(request, reply))
      return binary === undefined ? json : sendBinary(reply, json, binary)
    })
  }
}

/** The header says where the tensors begin. */
function sendBinary(reply: FastifyReply, json: object, binary: Buffer): FastifyReply {
  const head = Buffer.from(JSON.stringify(json))
  return reply
    .header(HEADER_LENGTH, head.length)
    .type('application/octet-stream')
    .send(Buffer.concat([head, binary]))
}

function unknown(message: string): Error {
  return refusal(404, 'model-unknown', message)
}
