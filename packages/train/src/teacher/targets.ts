import { randomUUID } from 'node:crypto'
import { rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { MatcherError, type Example, type TaskSpec } from '@sohu-match/core'
import { openTensorFile, storageError, syncFolder } from '@sohu-match/node'
import { writeWeights } from '../checkpoint/weights-file'
import { encodeExamples } from '../data/encode'
import { pairOutputs } from '../evaluate/predict'
import type { Teacher } from './teacher'

/** A teacher's outputs for training pairs; zero for pairs that no epoch shows. */
export interface TeacherTargets {
  /** The logit for a match minus the other, `[pairs]`. */
  readonly logits: Float32Array
  /** Vectors of length 1, if they are followed. */
  readonly texts?: {
    readonly width: number
    /** `[texts, width]`, row-major. */
    readonly vectors: Float32Array
    /** Rows of the first and of the second text of each pair, `[pairs]`. */
    readonly a: Int32Array
    readonly b: Int32Array
  }
}

export interface Question {
  /** With the task ids of `tasks`. */
  readonly examples: readonly Example[]
  readonly tasks: readonly TaskSpec[]
  /** Indices of the pairs to score. */
  readonly shown: Int32Array
  readonly vectors: boolean
}

/** In the precision of the run, or of the teacher's graph. */
export async function askTeacher(
  teacher: Teacher,
  { examples, tasks, shown, vectors }: Question,
  onProgress?: (done: number, total: number) => void
): Promise<TeacherTargets> {
  const idOf = tasks.map(({ name }) => teacher.tasks.find((task) => task.name === name)!.id)
  const asked = Array.from(shown, (pair) => ({ ...examples[pair]!, task: idOf[examples[pair]!.task]! }))
  const { network, tokenizer, maxLength } = teacher
  const pairs = await encodeExamples(asked, tokenizer, { maxLength, architecture: network.architecture })
  const outputs = await pairOutputs(network, pairs, onProgress && { onProgress })
  const spread = <A extends Float32Array | Int32Array>(all: A, valueOf: (row: number) => number): A => {
    shown.forEach((pair, row) => (all[pair] = valueOf(row)))
    return all
  }
  const count = examples.length
  const { columns = 2, firstColumns = [] } = network
  const logits = spread(new Float32Array(count), (row) => {
    const at = columns * row + (firstColumns[asked[row]!.task] ?? 0)
    return outputs.logits[at + 1]! - outputs.logits[at]!
  })
  requireFinite(logits)
  if (!vectors) return { logits }
  const { values, a, b } = outputs.texts!
  return {
    logits,
    texts: {
      width: network.width,
      vectors: values,
      a: spread(new Int32Array(count), (row) => a[row]!),
      b: spread(new Int32Array(count), (row) => b[row]!)
    }
  }
}

function requireFinite(logits: Float32Array): void {
  const bad = logits.findIndex((value) => !Number.isFinite(value))
  if (bad < 0) return
  throw new MatcherError(
    'inference-failed',
    `The teacher's score of training pair ${bad + 1} is ${logits[bad]}; its weights are damaged: name another --teacher.`
  )
}

/** Writes a safetensors file atomically. Row numbers are exact in float32 up to 2²⁴. Throws `storage`. */
export async function writeTargets(path: string, { logits, texts }: TeacherTargets): Promise<void> {
  const tensors = [
    { name: 'logits', shape: [logits.length], read: () => logits },
    ...(texts
      ? [
          { name: 'vectors', shape: [texts.vectors.length / texts.width, texts.width], read: () => texts.vectors },
          { name: 'a', shape: [texts.a.length], read: () => Float32Array.from(texts.a) },
          { name: 'b', shape: [texts.b.length], read: () => Float32Array.from(texts.b) }
        ]
      : [])
  ]
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    await writeWeights(temporary, tensors)
    await rename(temporary, path)
    await syncFolder(dirname(path))
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined) // a second failure adds nothing to the first
    throw storageError('write', path, cause)
  }
}

/** Throws `checkpoint-invalid`. */
export function readTargets(path: string): TeacherTargets {
  const file = openTensorFile(path)
  try {
    const read = (name: string, rank: number): { shape: readonly number[]; data: Float32Array } => {
      const entry = file.entries.get(name)
      if (entry?.shape.length !== rank)
        throw new MatcherError(
          'checkpoint-invalid',
          `${path} has no "${name}" of rank ${rank}; delete it, and the teacher will be run again.`
        )
      return { shape: entry.shape, data: file.read(name).data }
    }
    const logits = read('logits', 1).data
    if (!file.entries.has('vectors')) return { logits }
    const { shape, data } = read('vectors', 2)
    const rows = (name: string): Int32Array => Int32Array.from(read(name, 1).data)
    return { logits, texts: { width: shape[1]!, vectors: data, a: rows('a'), b: rows('b') } }
  } finally {
    file.close()
  }
}
