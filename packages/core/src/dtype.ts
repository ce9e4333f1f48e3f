import { MatcherError } from './errors'

/** Precisions of graphs; `q8` and `q4` have weights in blocks, mainly for WebGPU. */
export const DTYPES = ['fp32', 'fp16', 'int8', 'q8', 'q4'] as const

export type Dtype = (typeof DTYPES)[number]

/** Execution providers: the first three in Node, `webgpu` and `wasm` in browsers; `remote` is an inference server. */
export type Device = 'cpu' | 'cuda' | 'webgpu' | 'wasm' | 'remote'

/** Path of each dtype's graph in the model folder. */
export const GRAPH_FILES: Readonly<Record<Dtype, string>> = {
  fp32: 'onnx/model.onnx',
  fp16: 'onnx/model_fp16.onnx',
  int8: 'onnx/model_int8.onnx',
  q8: 'onnx/model_q8.onnx',
  q4: 'onnx/model_q4.onnx'
}

/**
 * Dtypes for `auto` by device, in order of preference; later ones are used only if a model lacks the earlier. Dynamic
 * int8 is for CPUs (on WebGPU its products fall back to the CPU); fp16 on WebGPU must be requested and needs an adapter
 * with shader-f16.
 */
export const AUTO_DTYPES: Readonly<Record<Device, readonly Dtype[]>> = {
  cpu: ['int8', 'fp32', 'q8', 'q4'],
  wasm: ['int8', 'fp32', 'q8', 'q4'],
  cuda: ['fp16', 'fp32'],
  webgpu: ['q8', 'fp32', 'q4'],
  remote: ['fp16', 'fp32', 'int8', 'q8', 'q4']
}

/** Throws `dtype-missing`, listing the dtypes of the model folder. */
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
