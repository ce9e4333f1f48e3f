import { elementCount } from '@sohu-match/core'
import { attr, rawOp, rawOps, tf, type Tensor } from '../tfjs'

/** TensorFlow's reserved name for an anonymous variable: each call creates one, freed with its handle. */
const ANONYMOUS = 'cd2c89b7-88b7-44c8-ad83-06c2a9158347'
const READ = [attr.type('dtype')]
const GATHER = [
  attr.type('dtype'),
  attr.type('Tindices', 'int32'),
  attr.bool('validate_indices', true),
  attr.int('batch_dims', 0)
]
const SCATTER = [attr.type('dtype'), attr.type('Tindices', 'int32')]
const FILL = [attr.type('T'), attr.type('index_type', 'int32')]
const ASSIGN = [attr.type('dtype'), attr.bool('validate_shape', false)]

/**
 * A TensorFlow resource variable: float32 memory that optimizer operations change in place. A `read` shares that
 * memory; dispose it before the next update, or TensorFlow copies the variable first.
 */
export class Variable {
  private constructor(
    readonly handle: Tensor,
    readonly shape: readonly number[]
  ) {}

  /** Values are row-major. */
  static create(values: Float32Array, shape: readonly number[]): Variable {
    const variable = Variable.empty(shape)
    variable.assign(values)
    return variable
  }

  static zeros(shape: readonly number[]): Variable {
    return Variable.of(tf.tidy(() => rawOp('Fill', FILL, [tf.tensor1d([...shape], 'int32'), tf.scalar(0)])))
  }

  /** Takes ownership of the tensor's memory. */
  static of(tensor: Tensor): Variable {
    const variable = Variable.empty(tensor.shape)
    rawOps('AssignVariableOp', ASSIGN, [variable.handle, tensor], 0)
    tensor.dispose()
    return variable
  }

  private static empty(shape: readonly number[]): Variable {
    const attributes = [
      attr.string('container', ''),
      attr.string('shared_name', ANONYMOUS),
      attr.type('dtype'),
      attr.shape('shape', shape)
    ]
    return new Variable(tf.keep(rawOp('VarHandleOp', attributes, [])), shape)
  }

  /** The caller disposes the tensor. */
  read(): Tensor {
    return rawOp('ReadVariableOp', READ, [this.handle])
  }

  /** A copy. */
  values(): Float32Array {
    const tensor = this.read()
    const values = tensor.dataSync() as Float32Array
    tensor.dispose()
    return values
  }

  /** A copy of the rows with these indices [n]; the caller disposes it. */
  readRows(rows: Tensor): Tensor {
    return rawOp('ResourceGather', GATHER, [this.handle, rows])
  }

  /** Replaces the rows with these indices [n], each at most once. */
  assignRows(rows: Tensor, values: Tensor): void {
    rawOps('ResourceScatterUpdate', SCATTER, [this.handle, rows, values], 0)
  }

  assign(values: Float32Array): void {
    if (values.length !== elementCount(this.shape)) {
      throw new Error(
        `A variable [${this.shape.join(', ')}] takes ${elementCount(this.shape)} values, not ${values.length}.`
      )
    }
    const tensor = tf.tensor(values, [...this.shape], 'float32')
    rawOps('AssignVariableOp', ASSIGN, [this.handle, tensor], 0)
    tensor.dispose()
  }

  dispose(): void {
    this.handle.dispose()
  }
}
