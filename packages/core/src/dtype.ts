import { MatcherError } from './errors'

/** The precisions that a model folder can offer; `q8` and `q4` are weights in blocks, for WebGPU first. */
export const DTYPES = ['fp32', 'fp16', 'int8', 'q8', 'q4'] as const

/** One of the precisions. */
export type Dtype = (typeof DTYPES)[number]

/** What can run a graph: the first three in Node, the last two in browsers. */
export type Device = 'cpu' | 'cuda' | 'webgpu' | 'wasm'

/** Where export puts the graph of each dtype, inside the model folder. */
export const GRAPH_FILES: Readonly<Record<Dtype, string>> = {
  fp32: 'onnx/model.onnx',
  fp16: 'onnx/model_fp16.onnx',
  int8: 'onnx/model_int8.onnx',
  q8: 'onnx/model_q8.onnx',
  q4: 'onnx/model_q4.onnx'
}

/**
 * What dtype `auto` takes on each device, best first: the later ones only where a model folder lacks the earlier. Dynamic int8 is a CPU
 * recipe (on WebGPU its products fall back to the CPU); fp16 on WebGPU is taken on request only, where the adapter has shader-f16.
 */
export const AUTO_DTYPES: Readonly<Record<Device, readonly Dtype[]>> = {
  cpu: ['int8', 'fp32', 'q8', 'q4'],
  wasm: ['int8', 'fp32', 'q8', 'q4'],
  cuda: ['fp16', 'fp32'],
  webgpu: ['q8', 'fp32', 'q4']
}

/** The dtype to load. Throws `dtype-missing`, listing what the model folder offers. */
export function chooseDtype(
  graphs: Readonly<Partial<Record<Dtype, unknown>>>,
  device: Device,
  requested: Dtype | 'auto' = 'auto'
): Dtype {
  const wanted = requested === 'auto' ? AUTO_DTYPES[device] : [requested]
  const found = wanted.find((dtype) => Object.hasOwn(graphs, dtype))
  if (found) return found
  throw new MatcherError(
    'dtype-missing',
    `This model has no ${wanted.join(' or ')} graph for ${device}; it offers ${Object.keys(graphs).join(', ')}. Name one of those as dtype, or export the one you need.`
  )
}
