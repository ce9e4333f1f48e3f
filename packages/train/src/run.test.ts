import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseTrainConfig, type TrainConfig } from './config'
import { writeDemoCorpus } from './data/demo-corpus'
import { readRecords, VALID_SCORES } from './report/run-files'
import { resumeRun, startRun } from './run'

const root = mkdtempSync(join(tmpdir(), 'sohu-match-run-'))
const data = join(root, 'data')

function settings(more: Record<string, unknown> = {}): TrainConfig {
  return parseTrainConfig({
    model: { vocab_size: 300, hidden_size: 16, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 16, max_length: 48 },
    epochs: 2, batch_pairs: 16, learning_rate: 1e-3, ema_momentum: 0.9, ...more
  }, 'test')
}

const text = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8')

beforeAll(() => writeDemoCorpus(data, { train: 48, valid: 24, test: 12 }))
afterAll(() => rmSync(root, { recursive: true, force: true }))

describe('a run', () => {
  it('keeps a report and a TensorBoard file beside its checkpoints, rewritten at each epoch', async () => {
    const reports: number[] = []
    await startRun({ data, out: join(root, 'plain'), config: settings() }, { onEpoch: () => void reports.push(readdirSync(join(root, 'plain')).filter((file) => file === 'report.html').length) })
    expect(reports).toEqual([0, 1])                                  // each epoch's report comes after its checkpoint
    const files = readdirSync(join(root, 'plain'))
    expect(files.filter((file) => file.startsWith('events.out.tfevents.'))).toHaveLength(1)
    expect(files.filter((file) => file.endsWith('.tmp'))).toEqual([])
    expect(await readRecords(join(root, 'plain'))).toContainEqual(expect.objectContaining({ type: 'epoch', epoch: 1 }))
    const { scores } = JSON.parse(text('plain', 'best', VALID_SCORES)) as { scores: number[] }
    expect(scores).toHaveLength(6 * 24)
    const html = text('plain', 'report.html')
    for (const wanted of ['Run plain', 'Best checkpoint on valid', 'AUC of each task', 'Calibration', 'Examples', 'only_tasks']) expect(html).toContain(wanted)
  })

  it('makes a report again when it goes on, from the checkpoint alone', async () => {
    const before = text('plain', 'report.html')
    rmSync(join(root, 'plain', 'report.html'))
    expect((await resumeRun(join(root, 'plain'))).finished).toBe(true)
    expect(text('plain', 'report.html')).toBe(before)
  })

  it('ends after so many epochs without a better score, and stays ended', async () => {
    // a learning rate of 1e-12 changes no score: the first epoch is the best for ever
    const config = settings({ epochs: 9, patience: 2, learning_rate: 1e-12, initialization: 'cross' })
    const { finished, state } = await startRun({ data, out: join(root, 'patient'), config })
    expect([finished, state.stale >= 2, state.epoch < 9]).toEqual([true, true, true])
    expect((await resumeRun(join(root, 'patient'))).state).toEqual(state)
  })

  it('trains a network of some of the tasks', async () => {
    const ready: number[] = []
    await startRun({ data, out: join(root, 'one'), config: settings({ epochs: 1, only_tasks: ['B-ss'] }) }, { onReady: ({ trainPairs, validPairs }) => ready.push(trainPairs, validPairs) })
    expect(ready).toEqual([48, 24])
    const config = JSON.parse(text('one', 'last', 'config.json')) as { tasks: unknown }
    expect(config.tasks).toEqual([{ name: 'B-ss', id: 0, group: 'B' }])
    await expect(startRun({ data, out: join(root, 'none'), config: settings({ only_tasks: ['B-s'] }) })).rejects.toThrow(/did you mean "B-ss"/)
  })
})
