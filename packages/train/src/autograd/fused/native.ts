import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { messageOf } from '@sohu-match/core'
import { onGpu } from '../../tfjs'

/** The addon that set-up compiles from `native/`, next to TensorFlow.js' own. */
const ADDON = join('lib', 'napi-v8', 'sohu_kernels.node')

/** Returns the reason if fused kernels cannot be used: missing, compiled for another processor, tensors on a GPU. */
function load(): string | undefined {
  if (onGpu) return 'they exist for a CPU only'
  const require = createRequire(import.meta.url)
  const addon = join(dirname(require.resolve('@tensorflow/tfjs-node-gpu/package.json')), ADDON)
  if (!existsSync(addon)) return 'they are not compiled: run `npx sohu-train setup`'
  try {
    const { refused } = require(addon) as { readonly refused: string }
    return refused === '' ? undefined : `${refused}: run \`npx sohu-train setup\``
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
