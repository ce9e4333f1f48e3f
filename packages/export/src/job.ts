import type { OpenCheckpoint } from '@sohu-match/node'
import type { FolderWriter } from './folder-writer'
import type { Target } from './target'

/** One export under way: what every step of it reads, and where it writes. */
export interface ExportJob {
  readonly writer: FolderWriter
  readonly checkpoint: OpenCheckpoint
  readonly target: Target
  /** Takes a line about the step that begins. */
  readonly onProgress: (text: string) => void
}
