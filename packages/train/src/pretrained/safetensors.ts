import { decodeTensor, parseSafetensorsHeader, safetensorsDataStart } from '@sohu-match/core'
import { ByteFile } from './byte-file'
import type { SourceTensor, TensorSource } from './source'

/** A safetensors file of any dtypes; the header is checked now, values are read when asked for. Throws `checkpoint-invalid`. */
export async function openSafetensors(path: string): Promise<TensorSource> {
  const file = await ByteFile.open(path)
  try {
    const prefix = await file.read(0, Math.min(8, file.size), 'the header')
    const start = await file.read(0, safetensorsDataStart(prefix, file.size, path), 'the header')
    const { tensors } = parseSafetensorsHeader(start, file.size, path)
    const sources = tensors.map((entry): [string, SourceTensor] => [
      entry.name,
      {
        name: entry.name,
        shape: entry.shape,
        dtype: entry.dtype,
        read: async () =>
          decodeTensor(entry, await file.read(entry.begin, entry.end - entry.begin, `tensor "${entry.name}"`)).data
      }
    ])
    return { files: [path], tensors: new Map(sources), close: () => file.close() }
  } catch (cause) {
    await file.close()
    throw cause
  }
}
