import { open } from 'node:fs/promises'
import {
  decodeTensor,
  encodeSafetensorsHeader,
  MatcherError,
  parseSafetensorsHeader,
  safetensorsDataStart
} from '@sohu-match/core'
import { readError, storageError } from '@sohu-match/node'

/** A tensor that is read only when its turn comes, so that writing needs the memory of one. */
export interface LazyTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly read: () => Float32Array | Promise<Float32Array>
}

/** Writes a safetensors file tensor by tensor. The caller makes the folder appear whole. Throws `storage`. */
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

/**
 * Reads a safetensors file tensor by tensor, handing each to `use`; `expected` gives every name and shape. Throws `checkpoint-invalid` naming
 * the tensor that is missing, unknown or of another shape.
 */
export async function readWeights(
  path: string,
  expected: ReadonlyMap<string, readonly number[]>,
  use: (name: string, values: Float32Array) => void
): Promise<void> {
  const file = await open(path).catch((cause: unknown) => {
    throw readError(path, cause, 'checkpoint-invalid')
  })
  try {
    const { size } = await file.stat()
    const prefix = Buffer.alloc(Math.min(8, size))
    await file.read(prefix, 0, prefix.length, 0)
    const start = Buffer.alloc(safetensorsDataStart(prefix, size, path))
    await file.read(start, 0, start.length, 0)
    const { tensors } = parseSafetensorsHeader(start, size, path)
    for (const name of expected.keys()) {
      if (!tensors.some((tensor) => tensor.name === name))
        throw new MatcherError('checkpoint-invalid', `${path}: tensor "${name}" is missing.`)
    }
    for (const tensor of tensors) {
      const shape = expected.get(tensor.name)
      if (!shape)
        throw new MatcherError('checkpoint-invalid', `${path}: tensor "${tensor.name}" is not part of this network.`)
      if (shape.join() !== tensor.shape.join()) {
        throw new MatcherError(
          'checkpoint-invalid',
          `${path}: tensor "${tensor.name}" is [${tensor.shape.join(', ')}]; the config wants [${shape.join(', ')}].`
        )
      }
      const bytes = Buffer.alloc(tensor.end - tensor.begin)
      await file.read(bytes, 0, bytes.length, tensor.begin)
      use(tensor.name, decodeTensor(tensor, bytes).data)
    }
  } finally {
    await file.close()
  }
}
