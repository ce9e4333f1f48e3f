import { MatcherError, type MatcherErrorCode } from '@sohu-match/core'

const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full: free some space and try again.',
  EDQUOT: 'The disk quota is used up: free some space and try again.',
  EACCES: 'Permission was refused: make it accessible to this user, or name another place.',
  EPERM: 'Permission was refused: make it accessible to this user, or name another place.',
  EROFS: 'The file system is read-only: name another place.',
  ENOENT: 'A folder on the way is missing: check the path.',
  ENOTDIR: 'Something on the way is a file, not a folder: check the path.',
  EMFILE: 'Too many files are open: raise the limit (ulimit -n).'
}

/** A `storage` error with the path, the system's reason, and advice. A `MatcherError` is returned unchanged. */
export function storageError(action: string, path: string, cause: unknown): MatcherError {
  if (cause instanceof MatcherError) return cause
  const { code = '', message } = cause as NodeJS.ErrnoException
  return new MatcherError(
    'storage',
    `Could not ${action} ${path} (${code || message}). ${ADVICE[code] ?? `The system says: ${message}.`}`,
    { cause }
  )
}

/** `missingCode` if nothing exists or it is a folder, otherwise `storage`. */
export function readError(path: string, cause: unknown, missingCode: MatcherErrorCode): MatcherError {
  const { code } = cause as NodeJS.ErrnoException
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new MatcherError(missingCode, `There is no file ${path}; check the path.`, { cause })
  if (code === 'EISDIR') return new MatcherError(missingCode, `${path} is a folder; a file is expected.`, { cause })
  return storageError('read', path, cause)
}
