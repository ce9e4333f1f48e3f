import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { thresholdOf } from '@sohu-match/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseTrainSettings } from '../config'
import { writeDemoCorpus } from '../data/demo-corpus'
import { startRun } from '../run/start'
import { scoreSplit } from './scoring'

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
const root = mkdtempSync(join(tmpdir(), 'sohu-match-scoring-'))
const [data, checkpoint] = [join(root, 'data'), join(root, 'run', 'best')]

/** What the test reads of the JSON line. */
interface Printed {
  readonly tasks: Record<
    string,
    { f1: number; recall: number; auc: number; threshold: number; f1Interval: [number, number] }
  >
}

beforeAll(async () => {
  await writeDemoCorpus(data, { train: 96, valid: 60, test: 24 })
  const model = {
    vocab_size: 300,
    hidden_size: 16,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    intermediate_size: 16,
    max_length: 48
  }
  await startRun({
    data,
    out: join(root, 'run'),
    settings: parseTrainSettings(
      { model, epochs: 2, batch_pairs: 16, learning_rate: 1e-2, ema_momentum: 0.9, only_tasks: ['B-ss', 'A-ss'] },
      'test'
    )
  })
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

async function command(...flags: string[]): Promise<string> {
  return (await promisify(execFile)(process.execPath, [cli, ...flags])).stdout
}

describe('scoring a split', () => {
  it("takes the checkpoint's tasks from the data by name, and its thresholds", async () => {
    const { rows, config, thresholds } = await scoreSplit({ checkpoint, data, split: 'test' })
    expect(config.tasks.map(({ name }) => name)).toEqual(['A-ss', 'B-ss'])
    expect([0, 1].map((id) => rows.filter(({ task }) => task === id).length)).toEqual([24, 24])
    for (const { task, score, predicted, tokens } of rows) {
      expect(predicted).toBe(score > thresholdOf(thresholds, config.tasks[task]!.name) ? 1 : 0)
      expect(tokens).toBeGreaterThan(3)
    }
  })

  it('gives figures with intervals and calibration beside the lexical baseline, in one JSON line', async () => {
    const found = JSON.parse(
      await command('evaluate', '--checkpoint', checkpoint, '--data', data, '--split', 'test', '--baseline', '--json')
    ) as Printed & { baseline: Printed }
    const { rows, thresholds } = await scoreSplit({ checkpoint, data, split: 'test' })
    const task = found.tasks['A-ss']!
    const positive = rows.filter((row) => row.task === 0 && row.label === 1)
    expect(task.recall).toBeCloseTo(positive.filter((row) => row.predicted === 1).length / positive.length, 12)
    expect(task.threshold).toBe(thresholds['A-ss'])
    expect(Object.keys(task)).toEqual(
      expect.arrayContaining([
        'f1',
        'precision',
        'auc',
        'f1Interval',
        'aucInterval',
        'calibrationError',
        'brier',
        'byLength'
      ])
    )
    expect(task.f1Interval[0]).toBeLessThanOrEqual(task.f1)
    // the demo corpus is made so that words in common tell much: far above chance on any machine
    expect(found.baseline.tasks['A-ss']!.auc).toBeGreaterThan(0.6)
  })

  it('says in the table where the thresholds come from, and writes the errors as a page', async () => {
    expect(await command('evaluate', '--checkpoint', checkpoint, '--data', data, '--split', 'test')).toContain(
      "at the checkpoint's thresholds, chosen on the valid split of its training"
    )
    const out = join(root, 'errors.html')
    expect(
      await command('errors', '--checkpoint', checkpoint, '--data', data, '--split', 'test', '--out', out)
    ).toContain('of 48 pairs are judged wrongly')
    expect(readFileSync(out, 'utf8')).toContain('are on the wrong side of the threshold')
  })
})
