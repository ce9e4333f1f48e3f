import { graphInputs, MatcherError, messageOf, type Batch } from '@sohu-match/core'
import type { InferenceSession } from 'onnxruntime-web'
import type { WebDevice } from '../messages'
import { openGpuDevice } from './device'
import type { OrtModule } from './runtime'

export interface Session {
  /**
   * Logits `[batch, 2]` or vectors `[batch, hidden]`, row-major. Throws `inference-failed`, and `device-lost` after
   * losing the WebGPU device.
   */
  run(batch: Batch): Promise<Float32Array>
}

/** Any three tokens make the kernels compile before the first match. */
const WARM_UP: Batch = {
  batch: 1,
  seq: 3,
  tokenIds: new Int32Array([1, 1, 1]),
  segmentIds: new Int32Array(3),
  taskIds: new Int32Array(1)
}

/** Milliseconds in which the event of a lost device may follow the failure of a run. */
const LOSS_DELAY = 200

/**
 * Runs the graph once, so that failures happen here. Throws `device-unavailable`, `device-lost`, `inference-failed`.
 */
export async function createSession(
  ort: OrtModule,
  graph: Uint8Array,
  device: WebDevice,
  adapter: GPUAdapter | undefined
): Promise<Session> {
  const gpu = device === 'webgpu' ? await openGpuDevice(adapter!) : undefined
  let lost: string | undefined
  void gpu?.lost.then((info) => {
    lost = info.message || info.reason
  })
  // running out of memory does not lose the device, but its results are worthless from then on
  gpu?.addEventListener('uncapturederror', ({ error }) => {
    if (error instanceof GPUOutOfMemoryError) lost ??= `out of memory: ${error.message}`
  })

  const failure = (cause: unknown): MatcherError =>
    lost === undefined
      ? new MatcherError('inference-failed', `onnxruntime-web failed on ${device}: ${messageOf(cause)}`, { cause })
      : new MatcherError(
          'device-lost',
          `The WebGPU device was lost: ${lost}. Create a new matcher, or use device 'auto' or 'wasm'.`,
          { cause }
        )

  const provider: InferenceSession.ExecutionProviderConfig = gpu ? { name: 'webgpu', device: gpu } : 'wasm'
  const session = await ort.InferenceSession.create(graph, { executionProviders: [provider] }).catch(
    (cause: unknown) => {
      throw failure(cause)
    }
  )
  const run = async (batch: Batch): Promise<Float32Array> => {
    if (lost !== undefined) throw failure(undefined)
    try {
      const outputs = await session.run(graphInputs(batch, (ids, dims) => new ort.Tensor('int32', ids, dims)))
      const values = Float32Array.from((outputs.logits ?? outputs.vectors)!.data as Float32Array)
      if (lost !== undefined) throw new Error('the device was lost during the run')
      return values
    } catch (cause) {
      if (gpu) await Promise.race([gpu.lost, new Promise((resolve) => setTimeout(resolve, LOSS_DELAY))])
      throw failure(cause)
    }
  }
  await run(WARM_UP)
  return { run }
}
