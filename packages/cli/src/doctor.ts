import { execFile, type ExecFileException } from 'node:child_process'
import { arch, availableParallelism, cpus, platform, totalmem } from 'node:os'
import { messageOf } from '@sohu-match/core'
import { processorFlags, productInstructions, wantedInstructions } from '@sohu-match/node'
import type { DeviceCheck, NodeDevice } from '@sohu-match/sdk-node'

/** A checked device; without the runtime's version if its check ended the process. */
type Device = Omit<DeviceCheck, 'runtime'> & Partial<Pick<DeviceCheck, 'runtime'>>

export interface Findings {
  readonly versions: Readonly<Record<string, string>>
  readonly system: string
  readonly processor: {
    readonly model: string
    readonly count: number
    /** Bytes. */
    readonly memory: number
    /** Instructions for fast multiplication; null if the system does not report them. */
    readonly int8: readonly string[] | null
    readonly bfloat16: readonly string[] | null
  }
  readonly devices: readonly Device[]
}

/** Runs this program again with other flags; resolves with its output. */
export type RunSelf = (flags: readonly string[]) => Promise<string>

/** Milliseconds after which a device counts as hanging. */
const PATIENCE = 60_000

const runSelf: RunSelf = (flags) =>
  new Promise((resolve, reject) => {
    const args = [process.argv[1]!, ...flags]
    execFile(process.execPath, args, { timeout: PATIENCE, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      if (error) reject(new Error(endOf(error, stderr)))
      else resolve(stdout)
    })
  })

function endOf({ killed, signal, code }: ExecFileException, stderr: string): string {
  if (killed) return `it did not answer within ${PATIENCE / 1000} s`
  const last = stderr.trim().split('\n').at(-1)
  return `its library ended the process (${signal ?? `exit code ${code}`})${last ? `: ${last}` : ''}`
}

/** Examines each device in its own process, since a driver may crash. */
export async function examine(
  devices: readonly NodeDevice[],
  version: string,
  run: RunSelf = runSelf,
  flags: ReadonlySet<string> | undefined = processorFlags()
): Promise<Findings> {
  const checks: Device[] = []
  for (const device of devices) checks.push(await checkApart(device, run))
  const runtime = checks.find((check) => check.runtime !== undefined)?.runtime
  return {
    versions: {
      'sohu-match': version,
      node: process.versions.node,
      ...(runtime !== undefined && { 'onnxruntime-node': runtime })
    },
    system: `${platform()}-${arch()}`,
    processor: {
      model: cpus()[0]?.model.trim() ?? 'unknown',
      count: availableParallelism(),
      memory: totalmem(),
      int8: flags ? productInstructions('int8', flags) : null,
      bfloat16: flags ? productInstructions('bfloat16', flags) : null
    },
    devices: checks
  }
}

async function checkApart(device: NodeDevice, run: RunSelf): Promise<Device> {
  try {
    return JSON.parse(await run(['doctor', '--device', device])) as Device
  } catch (error) {
    return { device, usable: false, reason: messageOf(error) }
  }
}

export function describeMachine({ versions, system, processor, devices }: Findings): string {
  const { model, count, memory, int8, bfloat16 } = processor
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return [
    `${named.join(', ')}, ${system}`,
    `${count} x ${model}, ${(memory / 2 ** 30).toFixed(0)} GiB of memory`,
    `  int8 inference      ${instructions('int8', int8, 'slower')}`,
    `  bfloat16 training   ${instructions('bfloat16', bfloat16, '`precision: bfloat16` runs in float32')}`,
    'Devices of inference in Node:',
    ...devices.map(({ device, usable, reason }) => `  ${device.padEnd(20)}${usable ? 'usable' : `no: ${reason}`}`),
    ...(devices.some(({ device, usable }) => device === 'webgpu' && usable)
      ? ['  (webgpu may be a software adapter: ONNX Runtime does not report which it is)']
      : [])
  ].join('\n')
}

function instructions(type: 'int8' | 'bfloat16', found: readonly string[] | null, without: string): string {
  if (found === null) return 'not known: this system does not list its instructions'
  if (found.length > 0) return `fast: ${found.join(', ')}`
  return `no ${wantedInstructions(type).join(', ')}: ${without}`
}
