import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { maskedCrc32c } from '../masked-crc'
import type { RunRecord } from '../run/metrics-log'

/** A value at one step; TensorBoard groups tags by the part before the slash. */
export interface Scalar {
  readonly tag: string
  readonly step: number
  readonly value: number
  /** Seconds since 1970. */
  readonly time: number
}

/** The file name that TensorBoard recognizes; `seconds` since 1970. */
export function eventFileName(seconds: number): string {
  return `events.out.tfevents.${String(Math.floor(seconds)).padStart(10, '0')}.sohu-match`
}

/**
 * A TensorBoard event file of a run's `metrics.jsonl`: loss, learning rate and speed by step, F1 and AUC of tasks and
 * groups by epoch. Times are `start` (seconds since 1970) plus the seconds of the steps. NaN values are omitted.
 */
export function eventFile(records: readonly RunRecord[], start: number): Uint8Array {
  let time = start
  const scalars = records.flatMap((record) => {
    if (record.type !== 'epoch') time += record.seconds
    return Object.entries(figuresOf(record)).map(([tag, value]) => ({ tag, value, step: record.step, time }))
  })
  const events = [versionEvent(start), ...scalars.filter(({ value }) => Number.isFinite(value)).map(scalarEvent)]
  return concatenated(events.map(framed))
}

/** Null in the log means NaN. */
function figuresOf(record: RunRecord): Record<string, number> {
  if (record.type === 'step') {
    const { loss, learningRate, paddingShare, pairs, tokens, seconds } = record
    return {
      'train/loss': loss,
      'train/learning_rate': learningRate,
      'train/padding_share': paddingShare,
      'speed/pairs_per_second': pairs / seconds,
      'speed/tokens_per_second': tokens / seconds
    }
  }
  if (record.type === 'teacher') return {}
  return Object.fromEntries([
    ['valid/mean_f1', record.mean],
    ...Object.entries(record.groups).map(([name, group]) => [`valid_f1/group_${name}`, group.f1] as const),
    ...Object.entries(record.tasks).flatMap(([name, task]) => [
      [`valid_f1/${name}`, task.f1] as const,
      [`valid_auc/${name}`, task.auc] as const
    ]),
    ...Object.entries(record.answers ?? {}).map(([name, { score }]) => [`valid_score/${name}`, score] as const)
  ])
}

/** `Event { wall_time = 1, file_version = 3 }` (tensorflow/core/util/event.proto), the first record of every file. */
function versionEvent(time: number): Uint8Array {
  return new BinaryWriter()
    .tag(1, WireType.Bit64)
    .double(time)
    .tag(3, WireType.LengthDelimited)
    .string('brain.Event:2')
    .finish()
}

/** `Event { wall_time = 1, step = 2, summary = 5 { value = 1 { tag = 1, simple_value = 2 } } }` (summary.proto). */
function scalarEvent({ tag, step, value, time }: Scalar): Uint8Array {
  const writer = new BinaryWriter().tag(1, WireType.Bit64).double(time).tag(2, WireType.Varint).int64(step)
  writer.tag(5, WireType.LengthDelimited).fork().tag(1, WireType.LengthDelimited).fork()
  writer.tag(1, WireType.LengthDelimited).string(tag).tag(2, WireType.Bit32).float(value)
  return writer.join().join().finish()
}

/** A TFRecord: length (uint64), its masked checksum, the data, its masked checksum (core/lib/io/record_writer.h). */
function framed(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(12 + data.length + 4)
  const view = new DataView(record.buffer)
  view.setBigUint64(0, BigInt(data.length), true)
  view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true)
  record.set(data, 12)
  view.setUint32(12 + data.length, maskedCrc32c(data), true)
  return record
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    result.set(part, offset)
    offset += part.length
  }
  return result
}
