import { decodeTensor, DTYPE_BYTES, elementCount, type SafetensorsDtype } from '@sohu-match/core'
import { ByteFile } from '@sohu-match/node'
import { damaged, type SourceTensor, type TensorSource } from '../source'
import { transpose } from '../transpose'
import { readOnnxGraph, type OnnxGraph, type OnnxTensor } from './messages'

/** ONNX's `TensorProto.DataType` numbers of floating-point values. */
const FLOATS: Readonly<Record<number, SafetensorsDtype>> = { 1: 'F32', 10: 'F16', 11: 'F64', 16: 'BF16' }

/** Operations of graphs without plain weights, and advice for each kind. */
const REWRITTEN: readonly (readonly [type: RegExp, advice: string])[] = [
  [
    /^(MatMulInteger|DynamicQuantize\w+|DequantizeLinear|QLinear\w+|MatMulNBits|QAttention)$/,
    'its weights are quantized; take the fp32 file of the same model'
  ],
  [
    /^(Attention|MultiHeadAttention|EmbedLayerNormalization|SkipLayerNormalization|BiasGelu|FastGelu)$/,
    'an optimizer fused its layers; take the file as it was exported'
  ]
]

/**
 * Opens an ONNX file of an encoder exported from PyTorch; weights get their PyTorch names. The exporter keeps those of
 * embeddings, norms and biases, but folds the transposition of each kernel into a constant with a name of its own
 * (`onnx::MatMul_541`): a kernel is found as the constant of the MatMul whose product meets a layer's bias in an Add,
 * and is [in, out]. Throws `checkpoint-invalid`.
 */
export async function openOnnx(path: string): Promise<TensorSource> {
  const file = ByteFile.open(path)
  try {
    const graph = await readOnnxGraph(file)
    refuseRewritten(path, graph)
    return { files: [path], tensors: namedTensors(file, graph), close: async () => file.close() }
  } catch (cause) {
    file.close()
    throw cause
  }
}

function refuseRewritten(path: string, { nodes }: OnnxGraph): void {
  for (const [type, advice] of REWRITTEN) {
    const found = nodes.find((node) => type.test(node.type))
    if (found) throw damaged(path, `it has the operation ${found.type}: ${advice}`)
  }
}

function namedTensors(file: ByteFile, graph: OnnxGraph): Map<string, SourceTensor> {
  const constants = constantsOf(graph)
  const kernels = kernelsOf(graph, constants)
  const taken = new Set([...kernels.values()].map(({ tensor }) => tensor))
  const named = new Map<string, SourceTensor>()
  for (const [name, tensor] of constants) {
    // single values are constants of the arithmetic (an epsilon, a square root), whole numbers are positions and shapes
    const weight = FLOATS[tensor.dtype] !== undefined && elementCount(tensor.shape) > 1 && !taken.has(tensor)
    if (weight) named.set(name, sourceTensor(file, name, tensor))
  }
  for (const [name, { tensor, transposed }] of kernels) {
    const source = sourceTensor(file, name, tensor)
    named.set(name, transposed ? transposedTensor(source) : source)
  }
  return named
}

/** Equal constants are stored once; the names of the others are then outputs of Identity. */
function constantsOf({ nodes, tensors }: OnnxGraph): Map<string, OnnxTensor> {
  const constants = new Map(tensors.map((tensor) => [tensor.name, tensor]))
  for (const { type, inputs, outputs } of nodes) {
    const same = type === 'Identity' ? constants.get(inputs[0]!) : undefined
    if (same) constants.set(outputs[0]!, same)
  }
  return constants
}

/** A kernel as a constant of the graph; `transposed` if it is [out, in], which the graph transposes. */
interface Kernel {
  readonly tensor: OnnxTensor
  readonly transposed: boolean
}

/** Kernels by the names of their biases: `….dense.bias` makes `….dense.weight`. */
function kernelsOf({ nodes }: OnnxGraph, constants: ReadonlyMap<string, OnnxTensor>): Map<string, Kernel> {
  const producers = new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)))
  const kernelOf = (product: string): Kernel | undefined => {
    const node = producers.get(product)
    const factor = node?.type === 'MatMul' ? node.inputs[1]! : ''
    const turned = producers.get(factor)?.type === 'Transpose' ? producers.get(factor)!.inputs[0]! : undefined
    const tensor = constants.get(turned ?? factor)
    return tensor?.shape.length === 2 ? { tensor, transposed: turned !== undefined } : undefined
  }
  const kernels = new Map<string, Kernel>()
  for (const { type, inputs } of nodes) {
    if (type !== 'Add') continue
    for (const [bias, product] of [inputs, [...inputs].reverse()] as [string, string][]) {
      const kernel = constants.has(bias) && bias.endsWith('.bias') ? kernelOf(product) : undefined
      if (kernel) kernels.set(bias.replace(/bias$/, 'weight'), kernel)
    }
  }
  return kernels
}

function sourceTensor(file: ByteFile, name: string, tensor: OnnxTensor): SourceTensor {
  const { shape, values, external } = tensor
  const dtype = FLOATS[tensor.dtype]
  const what = `tensor "${name}"`
  if (external) throw damaged(file.path, `${what} lies in another file; only files that hold their weights can be read`)
  if (!dtype || !values) throw damaged(file.path, `${what} is not kept as floating-point values`)
  const bytes = elementCount(shape) * DTYPE_BYTES[dtype]
  if (shape.some((length) => length < 0) || values.end - values.begin !== bytes) {
    throw damaged(
      file.path,
      `${what} has ${values.end - values.begin} bytes, and ${dtype} [${shape.join(', ')}] wants ${bytes}`
    )
  }
  return {
    name,
    shape,
    dtype,
    read: async () => decodeTensor({ dtype, shape }, file.read(values.begin, bytes, what)).data
  }
}

function transposedTensor(tensor: SourceTensor): SourceTensor {
  const [rows, columns] = tensor.shape as [number, number]
  return { ...tensor, shape: [columns, rows], read: async () => transpose(await tensor.read(), rows, columns) }
}
