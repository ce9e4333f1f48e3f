import { decodeTensor, DTYPE_BYTES, elementCount, type SafetensorsDtype } from '@sohu-match/core'
import { damaged, type SourceTensor, type TensorSource } from '../source'
import { openArchive, type Archive } from './archive'
import { readPickle, type PickleHooks, type PickleValue } from './pickle'

/** PyTorch's storage classes that hold weights. */
const STORAGES: Readonly<Record<string, SafetensorsDtype>> = {
  'torch.FloatStorage': 'F32',
  'torch.HalfStorage': 'F16',
  'torch.BFloat16Storage': 'BF16',
  'torch.DoubleStorage': 'F64',
  'torch.LongStorage': 'I64',
  'torch.IntStorage': 'I32',
  'torch.ShortStorage': 'I16',
  'torch.CharStorage': 'I8',
  'torch.ByteStorage': 'U8',
  'torch.BoolStorage': 'BOOL'
}
const REBUILD = 'torch._utils._rebuild_tensor_v2'
const PARAMETER = 'torch._utils._rebuild_parameter'
const ORDERED_DICT = 'collections.OrderedDict'
const GLOBALS: ReadonlySet<string> = new Set([REBUILD, PARAMETER, ORDERED_DICT, ...Object.keys(STORAGES)])

/** Bytes of a storage, as the pickle names it. */
class Storage {
  constructor(
    readonly key: string,
    readonly dtype: SafetensorsDtype,
    readonly length: number
  ) {}
}

/** A view of a storage. Offset and strides count elements. */
class TensorView {
  constructor(
    readonly storage: Storage,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[]
  ) {}
}

/**
 * A `torch.save`d state dict in the zip format (PyTorch 1.6 and later). Its pickle is read without executing anything.
 * Throws `checkpoint-invalid` for an older format, a global that weights do not need, or a tensor that exceeds its
 * storage.
 */
export async function openPyTorch(path: string): Promise<TensorSource> {
  const archive = await openArchive(path)
  try {
    const pickle = [...archive.sizes.keys()].find((name) => /^[^/]+\/data\.pkl$/.test(name))
    if (pickle === undefined) throw damaged(path, 'the archive has no data.pkl, so it was not written by torch.save')
    const root = pickle.slice(0, -'data.pkl'.length)
    const order = archive.sizes.has(`${root}byteorder`)
      ? new TextDecoder().decode(await archive.read(`${root}byteorder`))
      : 'little'
    if (order !== 'little')
      throw damaged(path, `its byte order is "${order}"; save it again on a little-endian machine`)
    const value = readPickle(await archive.read(pickle), path, hooks(path))
    const tensors = new Map(
      stateDict(value, path).map(([name, view]) => [name, sourceTensor(name, view, archive, root, path)])
    )
    return { files: [path], tensors, close: archive.close }
  } catch (cause) {
    await archive.close()
    throw cause
  }
}

function hooks(path: string): PickleHooks {
  return {
    globals: GLOBALS,
    persistent: (id) => {
      const [kind, type, key, , length] = Array.isArray(id) ? (id as PickleValue[]) : []
      const dtype =
        typeof type === 'object' && type !== null && 'global' in type ? STORAGES[String(type.global)] : undefined
      if (kind !== 'storage' || !dtype || typeof key !== 'string' || !isSize(length))
        throw damaged(path, 'a persistent id of the pickle is not a storage; it is damaged')
      return new Storage(key, dtype, length)
    },
    reduce: (global, args) => {
      if (global === ORDERED_DICT) return new Map()
      if (global === PARAMETER) return args[0] ?? null
      const [storage, offset, shape, strides] = args
      if (
        global !== REBUILD ||
        !(storage instanceof Storage) ||
        !isSize(offset) ||
        !isSizes(shape) ||
        !isSizes(strides) ||
        shape.length !== strides.length
      ) {
        throw damaged(path, `the pickle applies ${global} to arguments that make no tensor; it is damaged`)
      }
      return new TensorView(storage, offset, shape, strides)
    }
  }
}

/** Maximum nesting of a state dict: "model", then "state_dict". */
const DEEPEST_STATE_DICT = 2

/** The tensors of a state dict, or of one under the key "state_dict" or "model". */
function stateDict(value: PickleValue, path: string, depth = 0): [string, TensorView][] {
  if (!(value instanceof Map)) throw damaged(path, 'it holds no state dict; save model.state_dict(), not the model')
  const inner = value.get('state_dict') ?? value.get('model')
  if (inner instanceof Map && depth < DEEPEST_STATE_DICT) return stateDict(inner, path, depth + 1)
  return [...value].map(([name, view]): [string, TensorView] => {
    if (typeof name !== 'string' || !(view instanceof TensorView)) {
      throw damaged(path, `its entry ${shownKey(name)} is not a tensor; save model.state_dict() alone`)
    }
    return [name, view]
  })
}

/** A key for a message; anything but text could be endless. */
function shownKey(key: PickleValue): string {
  return typeof key === 'string' ? `"${key.slice(0, 100)}"` : `under a ${Array.isArray(key) ? 'tuple' : typeof key}`
}

function sourceTensor(name: string, view: TensorView, archive: Archive, root: string, path: string): SourceTensor {
  const { storage, offset, shape, strides } = view
  const entry = `${root}data/${storage.key}`
  const stored = archive.sizes.get(entry)
  const wanted = storage.length * DTYPE_BYTES[storage.dtype]
  if (stored !== wanted) {
    throw damaged(
      path,
      `the storage of tensor "${name}", ${entry}, has ${stored ?? 'no'} bytes, and ${storage.length} of ${storage.dtype} want ${wanted}`
    )
  }
  const last =
    elementCount(shape) === 0
      ? offset
      : offset + shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, 0) + 1
  if (last > storage.length) {
    throw damaged(
      path,
      `tensor "${name}" [${shape.join(', ')}] reaches element ${last} of a storage of ${storage.length}`
    )
  }
  return {
    name,
    shape,
    dtype: storage.dtype,
    read: async () =>
      strided(decodeTensor({ dtype: storage.dtype, shape: [storage.length] }, await archive.read(entry)).data, view)
  }
}

/** Row-major; shares the storage if it is stored that way. */
function strided(values: Float32Array, { offset, shape, strides }: TensorView): Float32Array {
  const length = elementCount(shape)
  const dense = shape.map((_, axis) => elementCount(shape.slice(axis + 1)))
  if (shape.every((size, axis) => size === 1 || strides[axis] === dense[axis]))
    return values.subarray(offset, offset + length)
  return Float32Array.from({ length }, (_, i) => {
    const place = shape.reduce(
      (sum, size, axis) => sum + (Math.floor(i / dense[axis]!) % size) * strides[axis]!,
      offset
    )
    return values[place]!
  })
}

function isSize(value: PickleValue | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isSizes(value: PickleValue | undefined): value is number[] {
  return Array.isArray(value) && value.every(isSize)
}
