import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { writeTinyModel } from './tiny-model.fixtures'

const run = promisify(execFile)
const packageFolder = fileURLToPath(new URL('..', import.meta.url))
const examples = readdirSync(new URL('../examples', import.meta.url))

describe.runIf(existsSync(new URL('../dist/index.cjs', import.meta.url)))('the built package', () => {
  it.each(examples)('runs the example %s, and ends', async (name) => {
    const { stdout, stderr } = await run(process.execPath, [`examples/${name}`, writeTinyModel()], { cwd: packageFolder })
    expect(stderr).toBe('')
    expect(stdout).not.toBe('')
  })

  it('does nothing when it is imported', async () => {
    const script = `import { createMatcher } from '@sohu-match/sdk-node'
      if (process.report.getReport().sharedObjects.some((path) => path.includes('onnxruntime'))) throw new Error('the runtime was loaded')
      console.log(typeof createMatcher)`
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: packageFolder })
    expect(stdout).toBe('function\n')
  })
})
