import { rename, rm } from 'node:fs/promises'
import type { StoredVectors } from '@sohu-match/sdk-node'
import { guardWrites, type VectorFile } from './vector-file'

/** Rows per row group: 16 MiB of vectors 512 wide. */
const GROUP = 8_192

/** vector: list of float; then the labels of each row, which a dictionary makes small. */
const SCHEMA = [
  { name: 'root', num_children: 4 },
  { name: 'vector', repetition_type: 'REQUIRED', num_children: 1, converted_type: 'LIST' },
  { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  { name: 'element', type: 'FLOAT', repetition_type: 'REQUIRED' },
  ...['task', 'model', 'modelHash'].map(
    (name) => ({ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' }) as const
  )
] as const

/** Every row has its task, model and hash. Throws `storage`. */
export async function createParquet(
  path: string,
  width: number,
  { task, model, modelHash }: Omit<StoredVectors, 'rows' | 'hidden'>
): Promise<VectorFile> {
  const { fileWriter, ParquetWriter } = await import('hyparquet-writer')
  const temporary = `${path}.${process.pid}.partial`
  const guarded = guardWrites(path)
  const parquet = await guarded(
    () => new ParquetWriter({ writer: fileWriter(temporary), schema: [...SCHEMA], codec: 'UNCOMPRESSED' })
  )
  let waiting: Float32Array[] = []

  async function flush(): Promise<void> {
    if (waiting.length === 0) return
    const column = (name: string, value: string) => ({
      name,
      data: waiting.map(() => value),
      encoding: 'RLE_DICTIONARY' as const
    })
    const columnData = [
      { name: 'vector', data: waiting.map((row) => Array.from(row)) },
      ...Object.entries({ task, model, modelHash }).map(([name, value]) => column(name, value))
    ]
    await guarded(() => parquet.write({ columnData, rowGroupSize: GROUP }))
    waiting = []
  }

  return {
    async write(rows) {
      for (let i = 0; i < rows.length; i += width) waiting.push(rows.slice(i, i + width))
      if (waiting.length >= GROUP) await flush()
    },
    async finish() {
      await flush()
      await guarded(() => parquet.finish())
      await guarded(() => rename(temporary, path))
    },
    discard: () => rm(temporary, { force: true })
  }
}
