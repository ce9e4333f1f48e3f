/** Memory and time of `import` on weights of the base size (124 M parameters), each form in a process of its own. Budget: 1.2 GB. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { importWeights } from '../src/pretrained/import'
import { writeBaseWeights } from '../tools/base-weights'

/** Most memory that an import may take at its peak. In bytes. */
const BUDGET = 1.2e9

const [, , from, out] = process.argv
if (from !== undefined && out !== undefined) {
  const start = performance.now()
  const { loaded, initialized } = await importWeights({ from, out, seed: 1 })
  const seconds = (performance.now() - start) / 1000
  process.stdout.write(
    JSON.stringify({
      seconds,
      peak: process.resourceUsage().maxRSS * 1024,
      loaded: loaded.length,
      initialized: initialized.length
    })
  )
} else {
  const folder = mkdtempSync(join(tmpdir(), 'import-bench-'))
  try {
    process.stdout.write(`import of 124 M parameters, float32; ${cpus()[0]!.model}, Node ${process.version}\n`)
    for (const form of ['tensorflow', 'safetensors'] as const)
      await measure(form, join(folder, form), join(folder, 'checkpoint'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measure(form: 'tensorflow' | 'safetensors', from: string, out: string): Promise<void> {
  await writeBaseWeights(from, form)
  const child = spawnSync(process.execPath, [fileURLToPath(import.meta.url), from, out], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit']
  })
  if (child.status !== 0) throw new Error(`The import of ${form} ended with status ${child.status}.`)
  const { seconds, peak, loaded, initialized } = JSON.parse(child.stdout) as Record<
    'seconds' | 'peak' | 'loaded' | 'initialized',
    number
  >
  const verdict = peak <= BUDGET ? 'within' : 'OVER'
  process.stdout.write(
    `${form}: ${loaded} tensors loaded, ${initialized} initialized, ${seconds.toFixed(1)} s, ` +
      `peak memory ${(peak / 1e9).toFixed(2)} GB (${verdict} the budget of ${BUDGET / 1e9} GB)\n`
  )
  if (peak > BUDGET) process.exitCode = 1
  for (const path of [from, out]) rmSync(path, { recursive: true, force: true })
}
