import { failures } from '../schemas'

const text = { type: 'string' } as const
const shape = { type: 'array', items: { type: 'integer', minimum: 0 } } as const
const tensors = {
  type: 'array',
  items: {
    type: 'object',
    properties: { name: text, datatype: text, shape: { type: 'array', items: { type: 'integer' } } }
  }
} as const

const input = {
  type: 'object',
  required: ['name', 'shape', 'datatype'],
  properties: {
    name: text,
    shape,
    datatype: text,
    parameters: { type: 'object', properties: { binary_data_size: { type: 'integer', minimum: 0 } } },
    data: { type: 'array' }
  }
} as const

const output = {
  type: 'object',
  required: ['name'],
  properties: { name: text, parameters: { type: 'object', properties: { binary_data: { type: 'boolean' } } } }
} as const

export const inferSchema = {
  summary:
    'Judges pairs (open inference protocol): BYTES tensors a and b, the task as a parameter; binary tensors too.',
  body: {
    type: 'object',
    required: ['inputs'],
    properties: {
      id: text,
      parameters: { type: 'object', properties: { task: text, binary_data_output: { type: 'boolean' } } },
      inputs: { type: 'array', items: input },
      outputs: { type: 'array', items: output }
    }
  },
  response: {
    200: {
      type: 'object',
      required: ['model_name', 'model_version', 'outputs'],
      properties: {
        model_name: text,
        model_version: text,
        id: text,
        outputs: {
          type: 'array',
          items: {
            type: 'object',
            properties: { name: text, datatype: text, shape, data: { type: 'array', items: {} } }
          }
        }
      }
    },
    ...failures
  }
} as const

export const liveSchema = { summary: '200 while the process answers (open inference protocol).' } as const
export const readySchema = {
  summary: '200 while a worker can judge pairs, else 503 (open inference protocol).'
} as const
export const serverSchema = {
  summary: 'The server and the extensions of the open inference protocol that it has.',
  response: {
    200: { type: 'object', properties: { name: text, version: text, extensions: { type: 'array', items: text } } }
  }
} as const
export const modelSchema = {
  summary: 'The inputs and outputs of the model (open inference protocol).',
  response: {
    200: {
      type: 'object',
      properties: {
        name: text,
        versions: { type: 'array', items: text },
        platform: text,
        inputs: tensors,
        outputs: tensors
      }
    },
    ...failures
  }
} as const
export const modelReadySchema = {
  summary: '200 while a worker can judge pairs, else 503 (open inference protocol).',
  response: { 200: { type: 'object', properties: { name: text, ready: { type: 'boolean' } } }, ...failures }
} as const
