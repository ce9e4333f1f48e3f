import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fusedKernelsMissing } from '../autograd/fused/native'
import { parseTrainSettings } from '../config'
import { writeDemoCorpus } from '../data/demo-corpus'
import { VALID_SCORES } from '../report/run-files'
import { hasBfloat16 } from '../tfjs'
import { resumeRun } from './resume'
import { startRun } from './start'
import { TINY_MODEL } from './tiny-model.fixtures'

const root = mkdtempSync(join(tmpdir(), 'sohu-match-resume-arithmetic-'))
const data = join(root, 'data')
beforeAll(() => writeDemoCorpus(data, { train: 24, valid: 12, test: 12 }))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const FILES = ['model', 'ema', 'optimizer'].map((name) => `last/${name}.safetensors`)
const outcome = (run: string): Record<string, string> =>
  Object.fromEntries(
    [...FILES, 'last/state.json', 'best/model.safetensors', `best/${VALID_SCORES}`].map((file) => [
      file,
      readFileSync(join(root, run, file)).toString('base64')
    ])
  )

/** What this machine lacks is plain float32 here, and resumed as such in other tests. */
const arithmetics = [
  ...(fusedKernelsMissing === undefined ? [{ kernels: 'auto' }] : []),
  ...(hasBfloat16() ? [{ precision: 'bfloat16' }] : []),
  ...(fusedKernelsMissing === undefined && hasBfloat16() ? [{ precision: 'bfloat16', kernels: 'auto' }] : [])
]

describe.runIf(arithmetics.length > 0).each(arithmetics)('a run with %o', (arithmetic) => {
  it('that is stopped in the middle of an epoch resumes bit for bit', async () => {
    const settings = parseTrainSettings(
      {
        model: TINY_MODEL,
        epochs: 2,
        learning_rate: 0.01,
        batch_pairs: 8,
        ema_momentum: 0.5,
        clip_norm: 1,
        ...arithmetic
      },
      'test'
    )
    const [whole, stopped] = ['whole', 'stopped'].map((name) => join(Object.values(arithmetic).join('-'), name))
    await startRun({ data, out: join(root, whole!), settings })
    expect(JSON.parse(readFileSync(join(root, whole!, 'train.json'), 'utf8'))).toMatchObject({ config: arithmetic })
    let steps = 0
    const out = join(root, stopped!)
    expect(await startRun({ data, out, settings }, { stopping: () => ++steps >= 7 })).toMatchObject({ finished: false })
    expect(outcome(whole!)['last/model.safetensors']).not.toBe(
      readFileSync(join(out, 'last', 'model.safetensors')).toString('base64')
    )
    expect(await resumeRun(out)).toMatchObject({ finished: true })
    expect(outcome(stopped!)).toEqual(outcome(whole!))
  })
})
