import { messageOf } from '@sohu-match/core'
import { withholdTelemetry } from '@sohu-match/node'
import { candidates, explainFailure, loadRuntime, thisMachine, type Machine } from './device'
import type { NodeDevice } from './options'
import { runtimeVersion, sessionOptions } from './session-options'

/** Whether ONNX Runtime can compute on a device of this machine. */
export interface DeviceCheck {
  readonly device: NodeDevice
  readonly usable: boolean
  /** Version of onnxruntime-node. */
  readonly runtime: string
  /** Why it cannot be used, and what to do about it. */
  readonly reason?: string
}

/**
 * `y = x W` with W = [[1, 2], [3, 4]] as an ONNX graph of 105 bytes, for x [1, 2]. Made by `onnx.helper` 1.23, opset 13.
 */
const GRAPH =
  'CAgSADpdChEKAXgKAXcSAXkiBk1hdE11bBIBZyobCAIIAhABIhAAAIA/AAAAQAAAQEAAAIBAQgF3WhMKAXgSDgoMCAESCAoCCAEKAggCYhMKAXkSDgoMCAESCAoCCAEKAggCQgQKABAN'

/**
 * Multiplies two matrices on a device. Never throws for a device that is missing or does not work; throws `asset-missing` where
 * onnxruntime-node itself does not load. A graphics driver that crashes ends the process.
 */
export async function checkDevice(device: NodeDevice): Promise<DeviceCheck> {
  withholdTelemetry()
  return checkDeviceOf(thisMachine(), device)
}

/** `checkDevice` on a given machine. */
export async function checkDeviceOf(machine: Machine, device: NodeDevice): Promise<DeviceCheck> {
  const runtime = runtimeVersion(loadRuntime().env)
  const refusal = candidates(device, machine)[0]?.refusal
  if (refusal !== undefined) return { device, usable: false, runtime, reason: refusal }
  try {
    const product = await multiply(device)
    const isRight = product[0] === 7 && product[1] === 10
    return isRight
      ? { device, usable: true, runtime }
      : {
          device,
          usable: false,
          runtime,
          reason: `it computes [1 2] [[1 2] [3 4]] as [${product.join(' ')}], which is wrong: update its driver`
        }
  } catch (cause) {
    return { device, usable: false, runtime, reason: explainFailure(device, messageOf(cause)) }
  }
}

async function multiply(device: NodeDevice): Promise<Float32Array> {
  const { InferenceSession, Tensor } = loadRuntime()
  const session = await InferenceSession.create(Buffer.from(GRAPH, 'base64'), sessionOptions(device, 1, {}))
  try {
    const { y } = await session.run({ x: new Tensor('float32', [1, 2], [1, 2]) })
    return (y!.data as Float32Array).slice()
  } finally {
    await session.release()
  }
}
