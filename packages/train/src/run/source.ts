import * as v from 'valibot'

/** The keys of a run's source, in `train.json` and in memory. */
export const sourceEntries = {
  /** The data folder or file. */
  data: v.string(),
  /** Columns of a file that a person named: the texts `a` and `b`, `label`, `id`, `split`. */
  columns: v.exactOptional(v.record(v.string(), v.string())),
  /** A checkpoint or a folder of public weights: the run takes over weights, vocabulary and sizes. */
  init: v.exactOptional(v.string()),
  /** Set where settings and start were chosen from the data: what was chosen and why. */
  planned: v.exactOptional(v.array(v.string())),
  /** Tensors of public weights that may be missing or unknown. */
  allowMissing: v.exactOptional(v.array(v.string())),
  /** A checkpoint, model folder or folder of public weights whose scores or vectors the run learns from. */
  teacher: v.exactOptional(v.string())
}

/** What a run starts from; paths are absolute. */
export type RunSource = Readonly<v.InferOutput<v.StrictObjectSchema<typeof sourceEntries, undefined>>>
