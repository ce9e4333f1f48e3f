import { open } from 'node:fs/promises'
import { encodeSafetensorsHeader } from '@sohu-match/core'
import { openTensorFileOf, storageError } from '@sohu-match/node'
import type { Variable } from '../optimizer/variable'

/** A tensor that is read when it is written, so that writing needs the memory of one. */
export interface LazyTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly read: () => Float32Array | Promise<Float32Array>
}

/** Variables as tensors to write: all, or those in `names` in that order. */
export function tensorsOf(variables: ReadonlyMap<string, Variable>, names = [...variables.keys()]): LazyTensor[] {
  return names.map((name) => {
    const variable = variables.get(name)!
    return { name, shape: variable.shape, read: () => variable.values() }
  })
}

/** Writes a safetensors file tensor by tensor; the caller replaces the whole folder. Throws `storage`. */
export async function writeWeights(
  path: string,
  tensors: readonly LazyTensor[],
  metadata?: Readonly<Record<string, string>>
): Promise<void> {
  try {
    const file = await open(path, 'w')
    try {
      await file.writeFile(
        encodeSafetensorsHeader(
          tensors.map(({ name, shape }) => ({ name, shape })),
          metadata
        )
      )
      for (const { read } of tensors) {
        const values = await read()
        await file.writeFile(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
      }
      await file.sync()
    } finally {
      await file.close()
    }
  } catch (cause) {
    throw storageError('write', path, cause)
  }
}

/** Reads exactly the tensors in `expected`, one by one. Throws `checkpoint-invalid` naming the first that differs. */
export function readWeights(
  path: string,
  expected: ReadonlyMap<string, readonly number[]>,
  use: (name: string, values: Float32Array) => void
): void {
  const file = openTensorFileOf(path, expected)
  try {
    for (const name of file.entries.keys()) use(name, file.read(name).data)
  } finally {
    file.close()
  }
}
