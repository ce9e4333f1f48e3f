import { openTensorFile } from '@sohu-match/node'
import type { SourceTensor, TensorSource } from './source'

/** Opens a safetensors file of any dtypes: its header is checked now, values are read on demand. Throws `checkpoint-invalid`. */
export async function openSafetensors(path: string): Promise<TensorSource> {
  const file = openTensorFile(path)
  const tensors = [...file.entries].map(([name, { shape, dtype }]): [string, SourceTensor] => [
    name,
    { name, shape, dtype, read: async () => file.read(name).data }
  ])
  return { files: [path], tensors: new Map(tensors), close: async () => file.close() }
}
