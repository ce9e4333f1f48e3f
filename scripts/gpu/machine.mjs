import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import os from 'node:os'

const SMI = ['--query-gpu=name,driver_version,memory.total,memory.used', '--format=csv,noheader,nounits']

/** Output of a program; undefined if it is not installed or fails. */
function output(command, args) {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 20_000 })
  } catch {
    return undefined // the caller reports what is missing
  }
}

/** GPUs from `nvidia-smi`'s CSV: name, driver, MiB. */
export function parseGpus(csv = '') {
  return csv
    .trim()
    .split('\n')
    .map((line) => line.split(',').map((field) => field.trim()))
    .filter((fields) => fields.length === 4)
    .map(([name, driver, memoryMiB, usedMiB]) => ({ name, driver, memoryMiB: +memoryMiB, usedMiB: +usedMiB }))
}

/** Facts about this machine, for the report and for the checks' decisions. */
export function machineFacts(run = output) {
  return {
    gpus: parseGpus(run('nvidia-smi', SMI)),
    nvidiaDriver: ['/proc/driver/nvidia/version', '/dev/nvidiactl', '/dev/dxg'].some((file) => existsSync(file)),
    renderNodes: existsSync('/dev/dri') || process.platform !== 'linux',
    processor: os.cpus()[0]?.model,
    processors: os.availableParallelism(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.version
  }
}

/** Why this machine has no NVIDIA GPU to check; undefined if it has one. */
export function noNvidia({ gpus, nvidiaDriver }) {
  if (gpus.length > 0) return undefined
  return nvidiaDriver
    ? 'an NVIDIA driver is loaded, but nvidia-smi lists no GPU: install nvidia-smi, or give this container access to the GPU'
    : 'no NVIDIA GPU: install a driver of version 525 or later, and start containers with --gpus all'
}

/** Why this machine has no GPU of any vendor for WebGPU; undefined if it may have one. */
export function noHardware({ gpus, nvidiaDriver, renderNodes }) {
  if (gpus.length > 0 || nvidiaDriver || renderNodes) return undefined
  return 'no GPU: there is neither an NVIDIA driver nor /dev/dri'
}

/** Versions of packages by name; `null` for a package that is not installed. */
export function versionsOf(packages, resolve) {
  return Object.fromEntries(
    packages.map((name) => {
      const file = resolve(name)
      return [name, file && existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : null]
    })
  )
}
