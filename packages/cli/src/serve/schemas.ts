/** Schemas of requests and responses: fastify checks requests, and the OpenAPI document is generated from them. */
const text = { type: 'string' } as const
const task = { type: 'string', description: "One of the model's tasks; optional if the server has a default." } as const
const result = {
  type: 'object',
  required: ['task', 'label', 'score'],
  properties: {
    task: text,
    label: { type: 'integer', enum: [0, 1] },
    score: { type: 'number' },
    threshold: { type: 'number' },
    logits: { type: 'array', items: { type: 'number' } },
    tokenCount: { type: 'integer' },
    truncated: { type: 'boolean' }
  }
} as const

const failure = {
  type: 'object',
  required: ['error', 'error_type', 'code'],
  properties: { error: text, error_type: text, code: text }
} as const

/** Responses that every route may send. */
export const failures = { '4xx': failure, '5xx': failure } as const

const pair = { type: 'object', required: ['a', 'b'], properties: { a: text, b: text, task } } as const
const prediction = { type: 'object', properties: { score: { type: 'number' }, label: text } } as const
const texts = { type: 'array', items: text, minItems: 1, maxItems: 2 } as const

/** POST /match: one pair, or several under `pairs`. */
export const matchSchema = {
  summary: 'Judges one pair, or several.',
  body: { type: 'object', properties: { a: text, b: text, task, pairs: { type: 'array', items: pair } } },
  response: {
    200: {
      anyOf: [
        result,
        { type: 'object', required: ['results'], properties: { results: { type: 'array', items: result } } }
      ]
    },
    ...failures
  }
} as const

const probabilities = { type: 'object', additionalProperties: { type: 'number' } } as const
const answer = {
  type: 'object',
  required: ['task', 'kind'],
  properties: {
    task: text,
    kind: { type: 'string', enum: ['one-of', 'any-of', 'score'] },
    label: text,
    labels: { type: 'array', items: text },
    value: { type: 'number' },
    probabilities,
    thresholds: probabilities,
    logits: { type: 'array', items: { type: 'number' } },
    tokenCount: { type: 'integer' },
    truncated: { type: 'boolean' }
  }
} as const
const textOrPair = { type: 'object', required: ['a'], properties: { a: text, b: text, task } } as const

/** POST /classify: one text or pair, or several under `pairs`. */
export const classifySchema = {
  summary: 'Answers tasks with labels or a score, of a pair or of one text.',
  body: { type: 'object', properties: { a: text, b: text, task, pairs: { type: 'array', items: textOrPair } } },
  response: {
    200: {
      anyOf: [
        { type: 'object', required: ['results'], properties: { results: { type: 'array', items: answer } } },
        answer
      ]
    },
    ...failures
  }
} as const

/** POST /rerank, as in text-embeddings-inference. */
export const rerankSchema = {
  summary: "Ranks texts against a query, best first (text-embeddings-inference's /rerank).",
  body: {
    type: 'object',
    required: ['query', 'texts'],
    properties: {
      query: text,
      texts: { type: 'array', items: text },
      task,
      raw_scores: { type: 'boolean', description: 'Scores are logit differences instead of probabilities.' },
      return_text: { type: 'boolean' },
      truncate: { type: 'boolean', description: 'false: a pair longer than the maximum length is refused.' },
      top_n: { type: 'integer', minimum: 1 }
    }
  },
  response: {
    200: {
      type: 'array',
      items: { type: 'object', properties: { index: { type: 'integer' }, score: { type: 'number' }, text } }
    },
    ...failures
  }
} as const

/** POST /predict, as in text-embeddings-inference for pairs. */
export const predictSchema = {
  summary: "Classifies pairs (text-embeddings-inference's /predict): a pair of texts, or a list of pairs.",
  body: {
    type: 'object',
    required: ['inputs'],
    properties: {
      inputs: { anyOf: [text, { type: 'array', items: { anyOf: [text, texts] } }] },
      task,
      raw_scores: { type: 'boolean' },
      truncate: { type: 'boolean' }
    }
  },
  response: {
    200: { type: 'array', items: { anyOf: [{ type: 'array', items: prediction }, prediction] } },
    ...failures
  }
} as const

const inputTexts = { anyOf: [text, { type: 'array', items: text, minItems: 1 }] } as const
const modelHash = {
  type: 'string',
  description: 'The x-model-hash of vectors that the caller has stored; 409 where another model is served.'
} as const
const vector = { type: 'array', items: { type: 'number' } } as const

/** POST /embed, as in text-embeddings-inference. */
export const embedSchema = {
  summary: "The vectors of texts, of a bi-encoder (text-embeddings-inference's /embed).",
  body: {
    type: 'object',
    required: ['inputs'],
    properties: { inputs: inputTexts, task, model_hash: modelHash, normalize: { type: 'boolean' } }
  },
  response: { 200: { type: 'array', items: vector }, ...failures }
} as const

/** POST /v1/embeddings, as OpenAI's clients expect it. */
export const embeddingsSchema = {
  summary: "The vectors of texts, of a bi-encoder (OpenAI's /v1/embeddings).",
  body: {
    type: 'object',
    required: ['input'],
    properties: {
      input: inputTexts,
      task,
      model_hash: modelHash,
      model: { type: 'string', description: 'Not read: a server has one model.' },
      encoding_format: { type: 'string', enum: ['float', 'base64'] }
    }
  },
  response: {
    200: {
      type: 'object',
      properties: {
        object: text,
        model: text,
        model_hash: text,
        data: {
          type: 'array',
          items: {
            type: 'object',
            properties: { object: text, index: { type: 'integer' }, embedding: { anyOf: [vector, text] } }
          }
        }
      }
    },
    ...failures
  }
} as const
