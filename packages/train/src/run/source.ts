import * as v from 'valibot'

/** Keys of a run's source, in `train.json` and in memory. */
export const sourceEntries = {
  data: v.string(),
  /** Columns of a file that the user named: the texts `a` and `b`, `label`, `id`, `split`. */
  columns: v.exactOptional(v.record(v.string(), v.string())),
  /** A checkpoint or a folder of public weights that provides weights, vocabulary and sizes. */
  init: v.exactOptional(v.string()),
  /** Present if settings and start were chosen from the data: the choices and their reasons. */
  planned: v.exactOptional(v.array(v.string())),
  /** Tensors of public weights that may be missing or unknown. */
  allowMissing: v.exactOptional(v.array(v.string())),
  /** A checkpoint, model folder or folder of public weights whose scores or vectors the run learns from. */
  teacher: v.exactOptional(v.string())
}

/** Inputs of a run; paths are absolute. */
export type RunSource = Readonly<v.InferOutput<v.StrictObjectSchema<typeof sourceEntries, undefined>>>
