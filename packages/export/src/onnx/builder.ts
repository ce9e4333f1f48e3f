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

/** What a node may say beside its operator and inputs. */
export interface NodeOptions {
  /** Type of the outputs; without it that of the first input. */
  readonly type?: ElementType
  readonly attributes?: Readonly<Record<string, Attribute>>
  readonly domain?: string
  /** Names the node; without it the scope and the operator do. */
  readonly name?: string
}

/** Makes nodes and constants. One name is one constant: asking again gives the first one back. */
export class GraphBuilder {
  /** Prefix of node names, such as `layer.3`: names are what profiles and error messages show. */
  scope = ''
  private readonly constants = new Map<string, Constant>()

  /** The constant of that name; `read` runs when the file is written. */
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

  /** A float32 scalar. */
  scalar(value: number): Constant {
    return this.constant(`scalar(${value})`, 'float32', [], () => Float32Array.of(value))
  }

  /** One operator call with several outputs, of the given types. */
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

  /** The value in another element type; itself where it has it. */
  cast(value: Value, type: ElementType): Value {
    return value.type === type
      ? value
      : this.node('Cast', [value], { type, attributes: { to: ELEMENT_TYPES[type].dataType } })
  }

  /** The value in another shape, as ONNX's Reshape reads it: 0 copies, -1 is inferred. Constants keep their data. */
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
