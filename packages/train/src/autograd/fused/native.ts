import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { messageOf } from '@sohu-match/core'
import { onGpu } from '../../tfjs'

/** The addon that set-up compiles from `native/`, next to TensorFlow.js' own. */
const ADDON = join('lib', 'napi-v8', 'sohu_kernels.node')

/** Version of the operations that the code here calls; `native/kernels.h` has the same. */
export const VERSION = 2

/** Why the kernels of a loaded addon cannot be used; undefined if they can. An addon without a version is older than versions. */
export function refusal({ refused, version }: { readonly refused: string; readonly version?: number }) {
  const reason = refused || (version === VERSION ? '' : 'they were compiled from the sources of another version')
  return reason ? `${reason}: run \`npx sohu-train setup\`` : undefined
}

/** Returns the reason if fused kernels cannot be used: missing, compiled for another processor or from other sources, tensors on a GPU. */
function load(): string | undefined {
  if (onGpu) return 'they exist for a CPU only'
  const require = createRequire(import.meta.url)
  const addon = join(dirname(require.resolve('@tensorflow/tfjs-node-gpu/package.json')), ADDON)
  if (!existsSync(addon)) return 'they are not compiled: run `npx sohu-train setup`'
  try {
    return refusal(require(addon) as Parameters<typeof refusal>[0])
  } catch (cause) {
    return `they did not load (${messageOf(cause)}): run \`npx sohu-train setup\``
  }
}

/** The reason why the fused kernels cannot be used; undefined if they are loaded. */
export const fusedKernelsMissing: string | undefined = load()

/** True if the setting allows the fused kernels and they are loaded. */
export function fusedKernelsFor({ kernels }: { readonly kernels?: 'plain' | 'auto' }): boolean {
  return kernels === 'auto' && fusedKernelsMissing === undefined
}
