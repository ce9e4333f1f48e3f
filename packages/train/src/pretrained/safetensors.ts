import { openTensorFile } from '@sohu-match/node'
import type { SourceTensor, TensorSource } from './source'

/** Accepts any dtypes; checks the header and reads values on demand. Throws `checkpoint-invalid`. */
export async function openSafetensors(path: string): Promise<TensorSource> {
  const file = openTensorFile(path)
  const tensors = [...file.entries].map(([name, { shape, dtype }]): [string, SourceTensor] => [
    name,
    { name, shape, dtype, read: async () => file.read(name).data }
  ])
  return { files: [path], tensors: new Map(tensors), close: async () => file.close() }
}
