import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import util from 'node:util'
import { MatcherError } from '@sohu-match/core'
import type { NodeJSKernelBackend } from '@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend'

type Tfjs = typeof import('@tensorflow/tfjs-node-gpu')

export type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-node-gpu'

/** Puts in place what tfjs-node 4.22 calls of `node:util`: Node 22 warns of these functions and Node 23 has them no more. */
function restoreRemovedUtil(): void {
  const isNullOrUndefined = (value: unknown) => value === null || value === undefined
  Object.assign(util, { isNullOrUndefined, isArray: Array.isArray })
}

function load(): Tfjs {
  restoreRemovedUtil()
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2' // read by TensorFlow's C++ when it loads: 2 keeps errors, drops notes and warnings
  process.env.TF_CPU_ALLOCATOR_USE_BFC ??= 'true' // likewise: a pool instead of malloc, whose large blocks are mapped and cleared anew each time
  let tfjs: Tfjs
  try {
    tfjs = createRequire(import.meta.url)('@tensorflow/tfjs-node-gpu') as Tfjs
  } catch (cause) {
    throw new MatcherError(
      'device-unavailable',
      'TensorFlow did not load: its native addon is missing or does not fit this machine; run `npm run setup`.',
      { cause }
    )
  }
  if (tfjs.getBackend() !== 'tensorflow') {
    throw new MatcherError(
      'device-unavailable',
      `TensorFlow.js runs on its '${tfjs.getBackend()}' backend, not on the native 'tensorflow'; run \`npm run setup\`.`
    )
  }
  return tfjs
}

/** TensorFlow.js on the native library, loaded once. Importing this module throws `device-unavailable` where set-up has not been run. */
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

const DTYPES = {
  float32: binding.TF_FLOAT,
  int32: binding.TF_INT32,
  int64: binding.TF_INT64,
  bool: binding.TF_BOOL,
  string: binding.TF_STRING,
  complex64: binding.TF_COMPLEX64
} as const

/** Makes operation attributes. TensorFlow checks name and type when the operation runs; lists of strings are not passed by tfjs-node. */
export const attr = {
  type: (name: string, dtype: keyof typeof DTYPES = 'float32'): OpAttribute => ({
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
 * Runs a TensorFlow operation by its name and gives its outputs, for example `rawOps('AssignVariableOp', [attr.type('dtype')], [handle, value], 0)`.
 * The gradient tape does not see it: call it inside `tf.customGrad` where a gradient is wanted. `tf.tidy` owns the outputs as usual.
 * A resource handle is a tensor of dtype 'string' here. Throws TensorFlow's own error for an unknown name or attribute.
 */
export function rawOps(
  name: string,
  attrs: readonly OpAttribute[],
  inputs: readonly Tensor[],
  outputs: number
): Tensor[] {
  return backend.executeMultipleOutputs(name, attrs as OpAttribute[], inputs as Tensor[], outputs)
}

/** Runs a TensorFlow operation that has one output: see `rawOps`. */
export function rawOp<T extends Tensor = Tensor>(
  name: string,
  attrs: readonly OpAttribute[],
  inputs: readonly Tensor[]
): T {
  return rawOps(name, attrs, inputs, 1)[0] as T
}

/** TensorFlow's number of bfloat16, which TensorFlow.js does not name: such tensors live only inside `bfloat16Product`. */
const TF_BFLOAT16 = 14
const cast = (from: number, to: number): OpAttribute[] => [
  { name: 'SrcT', type: binding.TF_ATTR_TYPE, value: from },
  { name: 'DstT', type: binding.TF_ATTR_TYPE, value: to },
  { name: 'Truncate', type: binding.TF_ATTR_BOOL, value: false }
]
const NARROW = cast(binding.TF_FLOAT, TF_BFLOAT16)
const WIDEN = cast(TF_BFLOAT16, binding.TF_FLOAT)
const BFLOAT16_TYPE: OpAttribute = { name: 'T', type: binding.TF_ATTR_TYPE, value: TF_BFLOAT16 }

/** True if bfloat16 products are faster: on a GPU, or on Linux if the processor has instructions for them. */
export function hasBfloat16(flags: () => string = processorFlags): boolean {
  return onGpu || /\b(avx512_bf16|amx_bf16|bf16)\b/.test(flags())
}

function processorFlags(): string {
  return process.platform === 'linux' ? readFileSync('/proc/cpuinfo', 'utf8') : ''
}

/** A product of two float32 tensors computed in bfloat16, as a float32 tensor. `name` is TensorFlow's operation, `attrs` its attributes but T. */
export function bfloat16Product(name: string, attrs: readonly OpAttribute[], a: Tensor, b: Tensor): Tensor {
  const { getInputTensorIds, createOutputTensor } = backend as unknown as {
    getInputTensorIds(tensors: Tensor[]): number[]
    createOutputTensor(metadata: TensorMetadata): Tensor
  }
  const run = (op: string, attributes: readonly OpAttribute[], ids: number[]): TensorMetadata =>
    binding.executeOp(op, attributes as never, ids, 1)[0]!
  const [idA, idB] = getInputTensorIds.call(backend, [a, b]) as [number, number]
  const narrowA = run('Cast', NARROW, [idA]).id
  const narrowB = idA === idB ? narrowA : run('Cast', NARROW, [idB]).id
  const product = run(name, [BFLOAT16_TYPE, ...attrs], [narrowA, narrowB]).id
  const wide = run('Cast', WIDEN, [product])
  for (const id of new Set([narrowA, narrowB, product])) binding.deleteTensor(id)
  return createOutputTensor.call(backend, wide)
}

type TensorMetadata = ReturnType<typeof binding.executeOp>[number]
