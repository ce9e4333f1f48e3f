import { elementCount } from '@sohu-match/core'
import h5wasm, { type Dataset, type File, type Group } from 'h5wasm/node'
import { damaged, guarded, type SourceTensor, type TensorSource } from '../source'

/**
 * Weights that Keras saved in HDF5 (`model.save_weights`, or `model.save`). Keras numbers unnamed layers in order of
 * creation, so a tensor is named here by its layer, its index in the layer and its kind: `Embedding-Norm/2/kernel`; the
 * baseline's two unnamed layers are `condition` and `classifier`. HDF5 has no checksums, so changed values are not
 * noticed. Throws `checkpoint-invalid`.
 */
export async function openKeras(path: string): Promise<TensorSource> {
  const { activate_throwing_error_handler: throwErrors } = await h5wasm.ready
  throwErrors() // otherwise the library prints its errors
  const file = guarded(path, 'the file', () => new h5wasm.File(path, 'r'))
  const close = async (): Promise<void> => void file.close()
  try {
    return { files: [path], tensors: guarded(path, 'the list of layers', () => tensorsOf(file, path)), close }
  } catch (cause) {
    await close()
    throw cause
  }
}

function tensorsOf(file: File, path: string): Map<string, SourceTensor> {
  const root = (file.get('model_weights') ?? file) as Group
  const tensors = new Map<string, SourceTensor>()
  for (const layer of root.keys()) {
    const group = root.get(layer) as Group
    const names = group.attrs.weight_names?.value as string[] | undefined
    if (!names) throw damaged(path, `layer "${layer}" has no weight_names, so Keras did not write the file`)
    names.forEach((stored, place) => {
      const name = `${plainLayer(layer)}/${place}/${stored.replace(/^.*\//, '').replace(/:\d+$/, '')}`
      if (tensors.has(name)) throw damaged(path, `it has two layers like "${layer}", which cannot be distinguished`)
      tensors.set(name, sourceTensor(name, group.get(stored) as Dataset | null, path))
    })
  }
  return tensors
}

/** Keras numbers the baseline's task embedding and head by what was built before them. */
function plainLayer(layer: string): string {
  if (/^embedding(_\d+)?$/.test(layer)) return 'condition'
  return /^dense(_\d+)?$/.test(layer) ? 'classifier' : layer
}

function sourceTensor(name: string, dataset: Dataset | null, path: string): SourceTensor {
  const shape = dataset?.shape
  if (!dataset || !shape || dataset.dtype !== '<f')
    throw damaged(path, `tensor "${name}" is ${String(dataset?.dtype ?? 'missing')}; float32 is wanted`)
  return {
    name,
    shape,
    dtype: 'F32',
    read: async () =>
      guarded(path, `tensor "${name}"`, () => {
        const values = dataset.value
        if (values instanceof Float32Array && values.length === elementCount(shape)) return values
        throw damaged(path, `tensor "${name}" does not hold the ${elementCount(shape)} values of its shape`)
      })
  }
}
