import { MatcherError } from '@sohu-match/sdk-node'
import { taskOf, type Route, type RouteContext } from './routes'
import { embedSchema, embeddingsSchema } from './schemas'

/** Bodies of the two routes, checked by Fastify against their schemas. */
export interface EmbedBody {
  readonly inputs: string | readonly string[]
  readonly task?: string
  readonly model_hash?: string
  readonly normalize?: boolean
}
export interface EmbeddingsBody {
  readonly input: string | readonly string[]
  readonly task?: string
  readonly model_hash?: string
  readonly encoding_format?: 'float' | 'base64'
}

/** POST /embed: one vector for each input, even for a single text. */
async function embed(
  { inputs, task, model_hash, normalize = true }: EmbedBody,
  context: RouteContext
): Promise<number[][]> {
  if (!normalize)
    throw new MatcherError('input-invalid', 'The vectors of this model have length 1; leave out "normalize": false.')
  const rows = await context.embed(listOf(inputs), taskOf(task, context), model_hash)
  return rows.map((row) => [...row])
}

/** POST /v1/embeddings: OpenAI's format, without `usage`, with the model's hash. */
async function embeddings(
  { input, task, model_hash, encoding_format }: EmbeddingsBody,
  context: RouteContext
): Promise<object> {
  const rows = await context.embed(listOf(input), taskOf(task, context), model_hash)
  return {
    object: 'list',
    model: context.model,
    model_hash: context.modelHash,
    data: rows.map((row, index) => ({
      object: 'embedding',
      index,
      embedding: encoding_format === 'base64' ? base64(row) : [...row]
    }))
  }
}

function listOf(input: string | readonly string[]): readonly string[] {
  return typeof input === 'string' ? [input] : input
}

/** float32, little-endian, as OpenAI's clients decode it. */
function base64(row: Float32Array): string {
  const bytes = Buffer.alloc(4 * row.length)
  row.forEach((value, i) => bytes.writeFloatLE(value, 4 * i))
  return bytes.toString('base64')
}

/** Routes for a bi-encoder; a cross-encoder responds with `architecture-mismatch`. */
export const EMBED_ROUTES: readonly Route[] = [
  { path: '/embed', schema: embedSchema, answer: embed },
  { path: '/v1/embeddings', schema: embeddingsSchema, answer: embeddings }
]
