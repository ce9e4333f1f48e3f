import { elementCount } from '@sohu-match/core'
import {
  ELEMENT_TYPES,
  type Attribute,
  type Constant,
  type Elements,
  type ElementType,
  type Node,
  type Output,
  type Value
} from './value'

export interface NodeOptions {
  /** Type of the outputs. Default: that of the first input. */
  readonly type?: ElementType
  readonly attributes?: Readonly<Record<string, Attribute>>
  readonly domain?: string
  /** Name of the node. Default: from scope and operator. */
  readonly name?: string
}

/** Creates nodes and constants. Constants are unique by name: a second call returns the first one. */
export class GraphBuilder {
  /** Prefix of node names, such as `layer.3`, for profiles and error messages. */
  scope = ''
  private readonly constants = new Map<string, Constant>()

  /** `read` runs when the file is written. */
  constant(name: string, type: ElementType, shape: readonly number[], read: () => Elements): Constant {
    const known = this.constants.get(name)
    if (known) return known
    const constant: Constant = { kind: 'constant', name, type, shape, read }
    this.constants.set(name, constant)
    return constant
  }

  /** A one-dimensional int64 constant: shapes, axes, bounds. */
  integers(...values: readonly number[]): Constant {
    return this.constant(`integers(${values.join(',')})`, 'int64', [values.length], () =>
      BigInt64Array.from(values, BigInt)
    )
  }

  scalar(value: number): Constant {
    return this.constant(`scalar(${value})`, 'float32', [], () => Float32Array.of(value))
  }

  /** One operator call with several outputs. */
  nodes(op: string, inputs: readonly Value[], types: readonly ElementType[], options: NodeOptions = {}): Output[] {
    const node: Node = {
      op,
      inputs,
      domain: options.domain ?? '',
      attributes: options.attributes ?? {},
      outputCount: types.length,
      name: options.name ?? (this.scope ? `${this.scope}/${op}` : op)
    }
    return types.map((type, index) => ({ kind: 'output', type, node, index }))
  }

  /** One operator call with one output. */
  node(op: string, inputs: readonly Value[], options: NodeOptions = {}): Output {
    return this.nodes(op, inputs, [options.type ?? inputs[0]!.type], options)[0]!
  }

  /** Returns the value itself if it has the type already. */
  cast(value: Value, type: ElementType): Value {
    return value.type === type
      ? value
      : this.node('Cast', [value], { type, attributes: { to: ELEMENT_TYPES[type].dataType } })
  }

  /** As ONNX's Reshape: 0 copies a dimension, -1 is inferred. Constants keep their data. */
  reshape(value: Constant, shape: readonly number[]): Constant
  reshape(value: Value, shape: readonly number[]): Value
  reshape(value: Value, shape: readonly number[]): Value {
    if (value.kind !== 'constant') return this.node('Reshape', [value, this.integers(...shape)])
    const known = shape.map((size, axis) => (size === 0 ? value.shape[axis]! : size))
    const inferred = elementCount(value.shape) / -elementCount(known)
    const sizes = known.map((size) => (size === -1 ? inferred : size))
    return this.constant(`${value.name}:${sizes.join('x')}`, value.type, sizes, () => value.read())
  }
}
