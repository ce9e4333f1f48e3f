import { createRequire } from 'node:module'
import util from 'node:util'
import { MatcherError } from '@sohu-match/core'
import { processorFlags, productInstructions } from '@sohu-match/node'
import { gpuHasBfloat16 } from './gpu/first-gpu'
import type { NodeJSKernelBackend } from '@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend'

type Tfjs = typeof import('@tensorflow/tfjs-node-gpu')

export type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-node-gpu'

/** Restores functions of `node:util` that tfjs-node 4.22 calls: Node 22 deprecates them, Node 23 has removed them. */
function restoreRemovedUtil(): void {
  const isNullOrUndefined = (value: unknown) => value === null || value === undefined
  Object.assign(util, { isNullOrUndefined, isArray: Array.isArray })
}

function load(): Tfjs {
  restoreRemovedUtil()
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2' // read by TensorFlow's C++ when it loads: 2 keeps errors and drops notes and warnings
  process.env.TF_CPU_ALLOCATOR_USE_BFC ??= 'true' // likewise: a pool instead of malloc, whose large blocks are mapped and cleared each time
  let tfjs: Tfjs
  try {
    tfjs = createRequire(import.meta.url)('@tensorflow/tfjs-node-gpu') as Tfjs
  } catch (cause) {
    throw new MatcherError(
      'device-unavailable',
      'TensorFlow did not load: its native addon is missing or does not fit this machine; run `npx sohu-train setup`.',
      { cause }
    )
  }
  if (tfjs.getBackend() !== 'tensorflow') {
    throw new MatcherError(
      'device-unavailable',
      `TensorFlow.js runs on its '${tfjs.getBackend()}' backend, not on the native 'tensorflow'; run \`npx sohu-train setup\`.`
    )
  }
  return tfjs
}

/** TensorFlow.js on the native library. Importing this module throws `device-unavailable` if set-up was not run. */
export const tf: Tfjs = load()

const backend = tf.backend() as NodeJSKernelBackend
const { binding } = backend

/** True when tensors live on an NVIDIA GPU: the oneDNN operations (`_Mkl…`) exist on a CPU only. */
export const onGpu: boolean = binding.isUsingGpuDevice()

/** An attribute of a TensorFlow operation, created by `attr`. Create it once, outside the hot path. */
export interface OpAttribute {
  readonly name: string
  readonly type: number
  readonly value: boolean | number | string | readonly number[]
}

type DType = keyof typeof DTYPES

const DTYPES = {
  float32: binding.TF_FLOAT,
  int32: binding.TF_INT32,
  int64: binding.TF_INT64,
  /** TensorFlow's number for it, which TensorFlow.js does not define. */
  bfloat16: 14,
  bool: binding.TF_BOOL,
  string: binding.TF_STRING,
  complex64: binding.TF_COMPLEX64
} as const

/** TensorFlow checks name and type when the operation runs; tfjs-node does not pass lists of strings. */
export const attr = {
  type: (name: string, dtype: DType = 'float32'): OpAttribute => ({
    name,
    type: binding.TF_ATTR_TYPE,
    value: DTYPES[dtype]
  }),
  int: (name: string, value: number | readonly number[]): OpAttribute => ({ name, type: binding.TF_ATTR_INT, value }),
  float: (name: string, value: number | readonly number[]): OpAttribute => ({
    name,
    type: binding.TF_ATTR_FLOAT,
    value
  }),
  bool: (name: string, value: boolean): OpAttribute => ({ name, type: binding.TF_ATTR_BOOL, value }),
  string: (name: string, value: string): OpAttribute => ({ name, type: binding.TF_ATTR_STRING, value }),
  shape: (name: string, value: readonly number[]): OpAttribute => ({ name, type: binding.TF_ATTR_SHAPE, value })
}

type Tensor = import('@tensorflow/tfjs-node-gpu').Tensor

/**
 * Runs a TensorFlow operation by its name and returns its outputs, for example `rawOps('AssignVariableOp',
 * [attr.type('dtype')], [handle, value], 0)`. The gradient tape does not see it: call it inside `tf.customGrad` if a
 * gradient is needed. `tf.tidy` owns the outputs as usual. A resource handle is a tensor of dtype 'string' here. Throws
 * TensorFlow's own error for an unknown name or attribute.
 */
export function rawOps(
  name: string,
  attrs: readonly OpAttribute[],
  inputs: readonly Tensor[],
  outputs: number
): Tensor[] {
  return backend.executeMultipleOutputs(name, attrs as OpAttribute[], inputs as Tensor[], outputs)
}

/** `rawOps` for an operation with one output. */
export function rawOp<T extends Tensor = Tensor>(
  name: string,
  attrs: readonly OpAttribute[],
  inputs: readonly Tensor[]
): T {
  return rawOps(name, attrs, inputs, 1)[0] as T
}

const NARROW = new WeakSet<Tensor>()

/**
 * True for a tensor of bfloat16 numbers. TensorFlow.js has no name for them and treats it as float32: only `rawOps` may
 * read it, and TensorFlow.js counts twice its bytes.
 */
export function isNarrow(tensor: Tensor): boolean {
  return NARROW.has(tensor)
}

/** Lets operations return bfloat16. */
function admitNarrowOutputs(): void {
  const owner = backend as unknown as { createOutputTensor(metadata: TensorMetadata): Tensor }
  const createOutputTensor = owner.createOutputTensor.bind(owner)
  owner.createOutputTensor = (metadata) => {
    if (metadata.dtype !== DTYPES.bfloat16) return createOutputTensor(metadata)
    const tensor = createOutputTensor({ ...metadata, dtype: DTYPES.float32 })
    NARROW.add(tensor)
    return tensor
  }
}

admitNarrowOutputs()

const cast = (from: DType, to: DType): OpAttribute[] => [
  attr.type('SrcT', from),
  attr.type('DstT', to),
  attr.bool('Truncate', false)
]
const TO_NARROW = cast('float32', 'bfloat16')
const TO_WIDE = cast('bfloat16', 'float32')

/** Rounds to bfloat16; a bfloat16 tensor is returned as it is. */
export function narrow(tensor: Tensor): Tensor {
  return isNarrow(tensor) ? tensor : rawOp('Cast', TO_NARROW, [tensor])
}

/** Converts to float32; a float32 tensor is returned as it is. */
export function widen(tensor: Tensor): Tensor {
  return isNarrow(tensor) ? rawOp('Cast', TO_WIDE, [tensor]) : tensor
}

/** True if this machine multiplies bfloat16 numbers fast: a GPU from Ampere on, or a processor known to have instructions for it. */
export function hasBfloat16(flags: ReadonlySet<string> | undefined = processorFlags()): boolean {
  return onGpu ? gpuHasBfloat16() : productInstructions('bfloat16', flags).length > 0
}

type TensorMetadata = ReturnType<typeof binding.executeOp>[number]
