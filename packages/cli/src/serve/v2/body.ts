import type { FastifyInstance, FastifyRequest } from 'fastify'
import { refusal } from '../errors'
import { decodeUtf8, type JsonParser } from '../json-body'

/** Bytes of the JSON at the start of a body whose tensors follow it. */
export const HEADER_LENGTH = 'inference-header-content-length'

const TYPES = /^(application\/json|application\/octet-stream)\s*(;|$)/i

/**
 * Parses a JSON object, and the bytes after it as its property `binary`: clients of the protocol send such a body as
 * application/octet-stream, or without a type.
 */
export function readBinaryBodies(scope: FastifyInstance, parse: JsonParser): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, (request, payload, done) => {
    try {
      const type = request.headers['content-type'] ?? 'application/json'
      if (!TYPES.test(type))
        throw refusal(415, 'media-type-unsupported', `The body is ${type.slice(0, 100)}; send application/json.`)
      if (request.headers['content-encoding'] !== undefined)
        throw refusal(415, 'media-type-unsupported', 'The body is compressed; send it as it is.')
      const body = payload as Buffer
      const length = headerLength(request, body.length)
      void parse(request, decodeUtf8(body.subarray(0, length)), (error, json) => {
        if (error) return done(error)
        done(null, isObject(json) ? { ...json, binary: body.subarray(length) } : json)
      })
    } catch (error) {
      done(error as Error)
    }
  })
}

function isObject(json: unknown): json is object {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

function headerLength({ headers }: FastifyRequest, bytes: number): number {
  const given = headers[HEADER_LENGTH]
  if (given === undefined) return bytes
  const length = Number(given)
  if (typeof given === 'string' && /^\d+$/.test(given) && length <= bytes) return length
  throw refusal(
    400,
    'request-invalid',
    `The header Inference-Header-Content-Length is not a number of bytes up to the body's ${bytes}.`
  )
}
