import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fusedKernelsMissing } from '../autograd/fused/native'
import { predict } from '../autograd/pass'
import { randomModel, smallBatch, smallConfig } from '../autograd/gradients.fixtures'
import { parseTrainSettings } from '../config'
import { writeDemoCorpus } from '../data/demo-corpus'
import { VALID_SCORES } from '../report/run-files'
import { startRun } from '../run/start'
import { TINY_MODEL } from '../run/tiny-model.fixtures'
import { readTargets } from '../teacher/targets'
import { hasBfloat16 } from '../tfjs'
import { arithmeticOf } from './arithmetic'
import { networkOf } from './predict'
import { scoreSplit } from './scoring'

const root = mkdtempSync(join(tmpdir(), 'sohu-match-arithmetic-'))
const [data, best, copy] = [join(root, 'data'), join(root, 'run', 'best'), join(root, 'copy')]
const settings = (more: object) =>
  parseTrainSettings(
    {
      model: TINY_MODEL,
      epochs: 1,
      batch_pairs: 8,
      learning_rate: 0.01,
      ema_momentum: 0.5,
      only_tasks: ['A-ss'],
      ...more
    },
    'test'
  )
const fast = { precision: 'bfloat16', kernels: 'auto' } as const
const hasEither = fusedKernelsMissing === undefined || hasBfloat16()

beforeAll(async () => {
  await writeDemoCorpus(data, { train: 24, valid: 24, test: 12 })
  await startRun({ data, out: join(root, 'run'), settings: settings(fast) })
  cpSync(best, copy, { recursive: true })
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const scoresOf = async (checkpoint: string): Promise<number[]> => {
  const { rows } = await scoreSplit({ checkpoint, data, split: 'valid' })
  return rows.map(({ score }) => score)
}

describe('precision and kernels outside of training steps', () => {
  it('are those asked for, in a network that scores pairs', async () => {
    const model = randomModel(smallConfig(), 'arithmetic')
    const [exact, short] = await Promise.all(
      [networkOf(model), networkOf(model, fast)].map((one) => one.run(smallBatch))
    )
    const output = predict(model, smallBatch, fast)
    expect([...short!]).toEqual([...output.dataSync()])
    expect(short).not.toEqual(exact)
    short!.forEach((logit, i) => expect(logit).toBeCloseTo(exact![i]!, 1)) // 8 bits of fraction over three layers
  })

  it.runIf(hasEither)(
    'are those of the run: evaluating its best/ returns the scores of its last evaluation, bit for bit',
    async () => {
      const { scores } = JSON.parse(readFileSync(join(best, VALID_SCORES), 'utf8')) as { scores: number[] }
      expect(await scoresOf(best)).toEqual(scores)
      const plain = await scoresOf(copy) // outside of a run: float32, plain
      expect(plain).not.toEqual(scores)
      plain.forEach((score, i) => expect(score).toBeCloseTo(scores[i]!, 1))
    }
  )

  it.runIf(hasEither)('are those of the run in its teacher', async () => {
    const targetsOf = async (name: string, more: object): Promise<number[]> => {
      const out = join(root, name)
      await startRun({ data, out, teacher: copy, settings: settings({ ...more, distill_weight: 1 }) })
      return [...readTargets(join(out, 'teacher.safetensors')).logits]
    }
    const [plain, short] = [await targetsOf('plain', {}), await targetsOf('fast', fast)]
    expect(short).not.toEqual(plain)
    short.forEach((logit, i) => expect(logit).toBeCloseTo(plain[i]!, 1))
  })

  it('are reported, and do without what this machine lacks', async () => {
    const has = { bfloat16: false, kernels: undefined }
    expect(await arithmeticOf(copy, has)).toEqual({ arithmetic: {}, notes: [] })
    const run = await arithmeticOf(best, { bfloat16: true, kernels: 'they are not compiled' })
    expect(run.arithmetic).toEqual({ precision: 'float32', kernels: 'plain' })
    if (fusedKernelsMissing === undefined) expect(run.notes.join(' ')).toContain('without: they are not compiled.')
  })
})
