import { execFile } from 'node:child_process'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../..', import.meta.url))
/** Operators that cost time; the rest handles shapes and tables of a few numbers. */
const HEAVY = /MatMul|Gemm|Gather|LayerNormalization|Softmax|Gelu|Erf|Add|Mul|Div|Transpose|Split|Concat/

interface Result {
  readonly cpu: number[]
  readonly webgpu: number[]
  readonly operators: Readonly<Record<string, string[]>>
}

/** The software adapter that comes with Chromium, as the Vulkan loader wants to be told of it. On other systems Dawn finds its own. */
function adapterEnvironment(): NodeJS.ProcessEnv {
  const note = join(root, 'node_modules/.sohu-match/browser.json')
  const noted = existsSync(note)
    ? [dirname(realpathSync((JSON.parse(readFileSync(note, 'utf8')) as { path: string }).path))]
    : []
  const folder = [...noted, '/usr/lib/chromium', '/opt/google/chrome'].find((place) =>
    existsSync(join(place, 'vk_swiftshader_icd.json'))
  )
  if (folder === undefined) return {}
  return { VK_ICD_FILENAMES: join(folder, 'vk_swiftshader_icd.json'), LD_LIBRARY_PATH: folder }
}

// Without an adapter this fails and says so: `npm run setup -- --browser` brings one.
describe('graphs on the WebGPU provider of onnxruntime-node', () => {
  let results: Record<'fp32' | 'q8' | 'q4', Result>
  beforeAll(async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'packages/export/dist/webgpu-run.js')], {
      env: { ...process.env, ...adapterEnvironment() },
      maxBuffer: 1 << 24
    })
    results = JSON.parse(stdout) as typeof results
  }, 240_000)

  // fp32 and q8: float32 sums in another order (q8 dequantizes alike on both). q4: the CPU rounds activations to int8 in blocks.
  for (const [dtype, tolerance] of [
    ['fp32', 1e-5],
    ['q8', 1e-4],
    ['q4', 0.05]
  ] as const) {
    it(`give the logits of the CPU within ${tolerance} in ${dtype}`, () => {
      const { cpu, webgpu } = results[dtype]
      expect(Math.max(...cpu.map((value, i) => Math.abs(value - webgpu[i]!)))).toBeLessThan(tolerance)
    })

    it(`leave no heavy node to the CPU in ${dtype}`, () => {
      const { CPUExecutionProvider: onCpu = [], WebGpuExecutionProvider: onGpu = [] } = results[dtype].operators
      expect(onCpu.filter((operator) => HEAVY.test(operator))).toEqual([])
      expect(onGpu).toEqual(
        expect.arrayContaining(dtype === 'fp32' ? ['MatMul', 'Gather'] : ['MatMulNBits', 'GatherBlockQuantized'])
      )
    })
  }
})
