import { DTYPES, type Dtype, type ManifestGraph } from '@sohu-match/core'
import { calibrationBatches, type LabelledData } from './four-bits/calibration'
import { FORMATS } from './formats'
import { blockFormat } from './formats/blocks'
import type { WeightFormat } from './formats/format'
import { OPSET, serializeGraph } from './onnx/serialize'
import { chooseEightBits, floatBytes, measureSensitivity } from './four-bits/sensitivity'
import type { ExportJob } from './job'
import type { BlockBits } from './quantize/blocks'

/** The program that the graphs name as their maker. */
const PRODUCER = 'sohu-match'

/** Which graphs to write, and how. */
export interface GraphOptions {
  readonly dtypes: readonly Dtype[]
  /** The pairs that q4 is calibrated on; without them, on parity.json. */
  readonly pairs?: LabelledData | undefined
  /** Weights of one graph larger than this, in bytes, go to a file beside it. */
  readonly externalDataLimit: number
  /** Bits of the word embeddings in int8 and q8. */
  readonly wordBits: BlockBits
}

/** Graphs by dtype, in the order of `DTYPES`. */
export type WrittenGraphs = Partial<Record<Dtype, ManifestGraph>>

/** Writes the graph of each dtype, and fp32 always: the others are measured against it. */
export async function writeGraphs(job: ExportJob, options: GraphOptions): Promise<WrittenGraphs> {
  const graphs: WrittenGraphs = {}
  for (const dtype of DTYPES.filter((one) => one === 'fp32' || options.dtypes.includes(one))) {
    job.onProgress(`writing ${dtype}`)
    const format = dtype === 'q4' ? await fourBitFormat(job, options.pairs) : FORMATS[dtype](options.wordBits)
    graphs[dtype] = writeGraph(job, job.target.files[dtype], format, options.externalDataLimit)
  }
  return graphs
}

function writeGraph(
  { writer, checkpoint: { weights }, target }: ExportJob,
  file: string,
  format: WeightFormat,
  limit: number
): ManifestGraph {
  const dataFile = `${file}_data`
  const fileName = dataFile.slice(dataFile.lastIndexOf('/') + 1) // the graph names it relative to itself
  const { model, externalData } = serializeGraph(target.graph(weights.read, format), PRODUCER, { fileName, limit })
  writer.write(file, model)
  if (!externalData) return { file, opset: OPSET }
  writer.write(dataFile, externalData)
  return { file, externalData: [dataFile], opset: OPSET }
}

/** 4 bits, and 8 where a measurement on calibration pairs says so. */
async function fourBitFormat({ checkpoint, onProgress }: ExportJob, pairs?: LabelledData): Promise<WeightFormat> {
  const { config, weights } = checkpoint
  const sensitivity = await measureSensitivity(config, weights.read, await calibrationBatches(pairs, checkpoint))
  const kept = chooseEightBits(sensitivity, floatBytes(config))
  for (const { name, error, weights: members } of sensitivity) {
    onProgress(`q4 ${name}: logits move by ${error.toPrecision(2)}, ${kept.has(members[0]!) ? 8 : 4} bits`)
  }
  return blockFormat((name) => (kept.has(name) ? 8 : 4))
}
