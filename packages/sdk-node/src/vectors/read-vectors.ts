import { extname } from 'node:path'
import { checkStoredVectors, MatcherError, type Matcher, type StoredVectors } from '@sohu-match/core'
import { readJsonLines } from './json-lines'
import { readNpy } from './npy'
import { readParquet } from './parquet'

const READERS: Readonly<Record<string, (path: string) => Promise<StoredVectors>>> = {
  '.npy': readNpy,
  '.jsonl': readJsonLines,
  '.parquet': readParquet
}

/**
 * Reads vectors that `sohu-match embed` wrote, .npy, .jsonl or .parquet, for the option `vectors` of `rank`. Throws
 * `vectors-mismatch` if the file has vectors of two models or tasks, or not those of `matcher`; `data-invalid` and
 * `storage`.
 */
export async function readVectors(path: string, matcher?: Pick<Matcher<string>, 'info'>): Promise<StoredVectors> {
  const read = READERS[extname(path)]
  if (!read)
    throw new MatcherError(
      'data-invalid',
      `${path} is not a file of vectors; its name must end in ${Object.keys(READERS).join(', ')}.`
    )
  const vectors = await read(path)
  if (matcher) checkStoredVectors(vectors, matcher)
  return vectors
}
