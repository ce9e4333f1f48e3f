import { DTYPES, type Dtype, type ManifestGraph } from '@sohu-match/core'
import { calibrationBatches, type LabelledData } from './four-bits/calibration'
import { FORMATS } from './formats'
import { blockFormat } from './formats/blocks'
import type { FormatOptions, WeightFormat } from './formats/format'
import { OPSET, serializeGraph } from './onnx/serialize'
import { chooseEightBits, floatBytes, measureSensitivity } from './four-bits/sensitivity'
import type { ExportJob } from './job'
import type { BlockBits } from './quantize/blocks'

/** The producer in graphs. */
const PRODUCER = 'sohu-match'

export interface GraphOptions extends FormatOptions {
  readonly wordBits: BlockBits
  readonly dtypes: readonly Dtype[]
  /** Calibration pairs for q4. Default: parity.json. */
  readonly pairs?: LabelledData | undefined
  /** Bytes of weights of a graph above which they go to a separate file. */
  readonly externalDataLimit: number
}

/** In the order of `DTYPES`. */
export type WrittenGraphs = Partial<Record<Dtype, ManifestGraph>>

/** Writes the graph of each dtype, and always fp32, for comparison. */
export async function writeGraphs(job: ExportJob, options: GraphOptions): Promise<WrittenGraphs> {
  const graphs: WrittenGraphs = {}
  for (const dtype of DTYPES.filter((one) => one === 'fp32' || options.dtypes.includes(one))) {
    job.onProgress(`writing ${dtype}`)
    const format = dtype === 'q4' ? await fourBitFormat(job, options.pairs) : FORMATS[dtype](options)
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

/** 4 bits, or 8 where measurements on calibration pairs require it. */
async function fourBitFormat({ checkpoint, onProgress }: ExportJob, pairs?: LabelledData): Promise<WeightFormat> {
  const { config, weights } = checkpoint
  const sensitivity = await measureSensitivity(config, weights.read, await calibrationBatches(pairs, checkpoint))
  const kept = chooseEightBits(sensitivity, floatBytes(config))
  for (const { name, error, weights: members } of sensitivity) {
    onProgress(`q4 ${name}: logits move by ${error.toPrecision(2)}, ${kept.has(members[0]!) ? 8 : 4} bits`)
  }
  return blockFormat((name) => (kept.has(name) ? 8 : 4))
}
