import { graphInputs, MatcherError, messageOf, type Batch } from '@sohu-match/core'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { explainFailure } from './device'
import { sessionOptions } from './session-options'
import type { NodeLoad } from './worker-load'

/** A row of padding, to see whether a graph runs. */
export const TRIAL: Batch = {
  batch: 1,
  seq: 4,
  tokenIds: new Int32Array(4),
  segmentIds: new Int32Array(4),
  taskIds: new Int32Array(1)
}

/** A loaded graph that has run once. */
export interface Session {
  /** Logits [batch, columns] or vectors [batch, hidden], row-major. Throws `inference-failed`. */
  run(batch: Batch): Promise<Float32Array>
  release(): Promise<void>
}

/**
 * Runs the graph once, so that a device that cannot run it fails here. Throws `device-unavailable`, `asset-corrupt`.
 */
export async function openSession(load: NodeLoad): Promise<Session> {
  const { device, graphFile } = load
  try {
    // copies of shared memory: the runtime requires an ArrayBuffer
    const externalData = load.externalData.map(({ path, data }) => ({ path, data: new Uint8Array(data) }))
    const session = await InferenceSession.create(new Uint8Array(load.graph), {
      ...sessionOptions(device, load.threads, load.cuda),
      ...(externalData.length > 0 && { externalData })
    })
    const run = (batch: Batch): Promise<Float32Array> => runBatch(session, batch, load.outputs)
    await run(TRIAL)
    return { run, release: () => session.release() }
  } catch (cause) {
    const message = messageOf(cause)
    if (device === 'cpu')
      throw new MatcherError(
        'asset-corrupt',
        `onnxruntime-node cannot run ${graphFile}: ${message}. Export the model again.`,
        { cause }
      )
    throw new MatcherError('device-unavailable', explainFailure(device, message), { cause })
  }
}

async function runBatch(session: InferenceSession, batch: Batch, columns = 2): Promise<Float32Array> {
  const outputs = await session.run(graphInputs(batch, (ids, dims) => new Tensor('int32', ids, dims)))
  const values = (outputs.logits ?? outputs.vectors)?.data
  const rows = outputs.logits ? columns * batch.batch : batch.batch
  const whole = values instanceof Float32Array && (outputs.logits ? values.length === rows : values.length % rows === 0)
  if (whole) return values.slice() // a copy: the runtime owns the output's memory
  throw new MatcherError(
    'inference-failed',
    `The graph has no float32 output "logits" of ${columns} columns, and no "vectors"; export the model again.`
  )
}
