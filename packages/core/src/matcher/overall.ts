import type { FileProgress, LoadProgress } from './types'

/**
 * Adds to the progress of each file that of all `files` together. A file that starts again counts as far as it was before, so the sum never
 * falls; compiling adds no bytes.
 */
export function withOverall(
  files: readonly { readonly file: string; readonly bytes: number }[],
  onProgress: (progress: LoadProgress) => void
): (progress: FileProgress) => void {
  const furthest = new Map<string, number>()
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0)
  let loaded = 0
  return (progress) => {
    const before = furthest.get(progress.file) ?? 0
    if (progress.phase !== 'compile' && progress.loaded > before) {
      loaded += progress.loaded - before
      furthest.set(progress.file, progress.loaded)
    }
    onProgress({ ...progress, overall: { loaded, total } })
  }
}

/** A callback for each device that is tried: its bytes are added to those of the devices that failed before, so that the sum never falls. */
export function sumOfDevices(
  onProgress: ((progress: LoadProgress) => void) | undefined
): () => ((progress: LoadProgress) => void) | undefined {
  let furthest = 0
  return () => {
    const before = furthest
    return (
      onProgress &&
      ((progress) => {
        furthest = before + progress.overall.loaded
        onProgress({ ...progress, overall: { loaded: furthest, total: before + progress.overall.total } })
      })
    )
  }
}
