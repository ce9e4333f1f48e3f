import type { OpenCheckpoint } from '@sohu-match/node'
import type { FolderWriter } from './folder-writer'
import type { Target } from './target'

/** A running export: inputs of its steps, and the writer. */
export interface ExportJob {
  readonly writer: FolderWriter
  readonly checkpoint: OpenCheckpoint
  readonly target: Target
  /** Receives a line about each step as it begins. */
  readonly onProgress: (text: string) => void
}
