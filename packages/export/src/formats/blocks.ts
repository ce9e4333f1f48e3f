import type { GraphBuilder } from '../onnx/builder'
import type { Constant } from '../onnx/value'
import {
  blockCount,
  blockSizeFor,
  SMALLEST_BLOCK,
  quantizeBlocks,
  transpose,
  type BlockBits,
  type BlockMatrix
} from '../quantize/blocks'
import { float32Format } from './float'
import type { WeightFormat } from './format'

/** Lets `MatMulNBits` round activations to int8 in blocks of a row: the fast path on GPUs. Rows are independent. */
const INT8_ACTIVATIONS = 4

/** Quantized weights by name and bits, shared by several graphs. */
export type BlockCache = Map<string, BlockMatrix>

/**
 * Weights in blocks of 8 or 4 bits, for WebGPU, where everything runs on the GPU: `MatMulNBits` and
 * `GatherBlockQuantized` of ONNX Runtime, float32 activations. `bits` chooses by a weight's name.
 */
export function blockFormat(bits: (weight: string) => BlockBits, cache?: BlockCache): WeightFormat {
  const cached = (key: string, quantize: () => BlockMatrix) => (): BlockMatrix => {
    const matrix = cache?.get(key) ?? quantize()
    cache?.set(key, matrix)
    return matrix
  }
  return {
    compute: 'float32',
    dense(build, x, kernel, bias) {
      const [inputs, outputs] = kernel.shape as [number, number]
      const width = bits(kernel.name.replace(/\.halves$/, ''))
      const size = blockSizeFor(inputs, width)
      const blocks = blockCount(inputs, size)
      const shapes = [
        [outputs, blocks, (size * width) / 8],
        [outputs, blocks]
      ] as const
      const [codes, scales] = blockConstants(
        build,
        kernel,
        shapes,
        cached(`${kernel.name}:${width}`, () =>
          quantizeBlocks(transpose(kernel.read() as Float32Array, outputs), inputs, width, size)
        )
      )
      const attributes = { K: inputs, N: outputs, bits: width, block_size: size, accuracy_level: INT8_ACTIVATIONS }
      return build.node('Add', [
        build.node('MatMulNBits', [x, codes, scales], { domain: 'com.microsoft', attributes }),
        bias
      ])
    },
    rows(build, table, ids) {
      const [count, columns] = table.shape as [number, number]
      if (columns % SMALLEST_BLOCK !== 0) return build.node('Gather', [table, ids]) // the operator would return the padding too
      const width = bits(table.name)
      const size = blockSizeFor(columns, width)
      const shapes = [
        [count, (blockCount(columns, size) * size * width) / 8],
        [count, blockCount(columns, size)]
      ] as const
      const [codes, scales] = blockConstants(
        build,
        table,
        shapes,
        cached(`${table.name}:${width}`, () => quantizeBlocks(table.read() as Float32Array, columns, width, size))
      )
      const attributes = { bits: width, block_size: size, gather_axis: 0, quantize_axis: 1 }
      return build.node('GatherBlockQuantized', [codes, ids, scales], {
        type: 'float32',
        domain: 'com.microsoft',
        attributes
      })
    },
    table: float32Format.table // many GPUs, and software ones, have no float16
  }
}

/** Codes and scales as two constants. A weight is quantized when its codes are written; only scales are kept. */
function blockConstants(
  build: GraphBuilder,
  weight: Constant,
  [codeShape, scaleShape]: readonly [readonly number[], readonly number[]],
  quantize: () => BlockMatrix
): [Constant, Constant] {
  let scales: Float32Array | undefined
  const quantized = (): BlockMatrix => {
    const result = quantize()
    scales = result.scales
    return result
  }
  return [
    build.constant(`${weight.name}.codes`, 'uint8', codeShape, () => quantized().codes),
    build.constant(`${weight.name}.scales`, 'float32', scaleShape, () => scales ?? quantized().scales)
  ]
}
