import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { VARIANTS } from '@sohu-match/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeDemoCorpus } from '../data/demo-corpus'
import { runStudy } from './execute'
import type { RunRecord } from '../run/metrics-log'
import type { StudyOutcome } from './outcome'
import { meanAndSpread } from './spread'
import { lossByPart } from './losses'
import { scoreSplit } from '../evaluate/scoring'
import { mergedScores, readScores } from './scores'
import { planRuns, readStudy, studies } from './study'
import { lossRows, summaryRows, taskRows } from './table'

const root = mkdtempSync(join(tmpdir(), 'sohu-match-study-'))
const [data, out, file] = [join(root, 'data'), join(root, 'out'), join(root, 'tiny.json')]

const tiny = {
  question: 'Does the machinery work?',
  preset: 'smoke',
  data,
  out,
  seeds: [1, 2],
  baseline: true,
  set: {
    epochs: 1,
    'model.vocab_size': 300,
    'model.hidden_size': 16,
    'model.num_attention_heads': 2,
    'model.intermediate_size': 16,
    'model.max_length': 32,
    'model.condition_size': 4,
    initialization: 'reference',
    embedding_start: 'reference',
    checkpoint_steps: 1
  },
  arms: [{ name: 'one network' }, { name: 'two networks', set: { 'model.conditioning': 'none' }, each_task: true }]
}

/** The two short-short variants of the demo corpus as tasks of a `dataset.json`. */
beforeAll(async () => {
  await writeDemoCorpus(data, { train: 64, valid: 60, test: 24 })
  const tasks = ['A', 'B'].map((criterion, i) => ({
    name: `${criterion}-ss`,
    group: criterion,
    train: [`${VARIANTS[i]}/train.txt`],
    valid: [`${VARIANTS[i]}/valid.txt`],
    test: [`${VARIANTS[i]}/test_with_id.txt`],
    fields: { label: `label${criterion}` }
  }))
  writeFileSync(join(data, 'dataset.json'), JSON.stringify({ tasks }))
  writeFileSync(file, JSON.stringify(tiny))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const folders = [
  'one-network.seed-1',
  'two-networks.seed-1.a-ss',
  'two-networks.seed-1.b-ss',
  'one-network.seed-2',
  'two-networks.seed-2.a-ss',
  'two-networks.seed-2.b-ss'
]

describe('a study', () => {
  it('stops when asked, resumes where it stopped, and repeats no finished run', async () => {
    const study = await readStudy(file)
    const begun: string[] = []
    let steps = 0
    const stopped = await runStudy(study, {
      onRun: ({ folder }) => void begun.push(folder),
      run: { onStep: () => void steps++, stopping: () => steps > 2 }
    })
    expect(stopped).toBe(false)
    expect(begun.length).toBeLessThan(folders.length)

    const first = join(out, 'runs', folders[0]!, 'best', 'model.safetensors')
    const written = statSync(first).mtimeMs
    const done: string[] = []
    let outcome: StudyOutcome | undefined
    expect(
      await runStudy(study, {
        onRun: ({ folder }) => void done.push(folder),
        onOutcome: (latest) => void (outcome = latest)
      })
    ).toBe(true)
    expect(done).toEqual(folders)
    expect(statSync(first).mtimeMs).toBe(written)
    expect(
      readdirSync(join(out, 'runs'))
        .filter((name) => !name.startsWith('.'))
        .sort()
    ).toEqual([...folders].sort())
    expect(existsSync(join(out, 'runs', folders[0]!, 'last'))).toBe(false)

    const [one, two] = outcome!.arms
    expect([one!.seeds.length, two!.seeds.length]).toEqual([2, 2])
    expect(Object.keys(two!.seeds[0]!.figures['test']!.tasks)).toEqual(['A-ss', 'B-ss'])
    expect(two!.seeds[0]!.figures['test']!.metrics.groups['B']!.pairs).toBe(24)
    expect(two!.seeds[0]!.parameters).toBeGreaterThan(one!.seeds[0]!.parameters)
  })

  it('has a row for each arm and the baseline in its table and on its page', async () => {
    let outcome: StudyOutcome | undefined
    await runStudy(await readStudy(file), { onOutcome: (latest) => void (outcome = latest) })
    for (const { head, rows } of [summaryRows(outcome!, 'test'), taskRows(outcome!, 'test')]) {
      expect(rows.map((row) => row[0])).toEqual(['one network', 'two networks', 'lexical baseline'])
      for (const row of rows) expect(row).toHaveLength(head.length)
    }
    expect(summaryRows(outcome!, 'test').rows[0]![2]).toMatch(/^0\.\d{3} ± 0\.\d{3}$/)
    expect(taskRows(outcome!, 'test').head).toEqual(['F1', 'A-ss', 'B-ss'])
    expect(outcome!.arms[1]!.seeds[0]!.processorSeconds).toBeGreaterThan(0)
    const html = readFileSync(join(out, 'index.html'), 'utf8')
    for (const wanted of [
      'Does the machinery work?',
      '6 of 6',
      'two networks',
      'lexical baseline',
      '<svg',
      'npx sohu-train study --study tiny'
    ])
      expect(html).toContain(wanted)
    expect(html).not.toMatch(/<script|src=|href=|NaN/)
    expect(JSON.parse(readFileSync(join(out, 'results.json'), 'utf8'))).toMatchObject({ done: 6, planned: 6 })
  })

  it('refuses a folder with runs of other settings, and names that it does not know', async () => {
    writeFileSync(join(root, 'other.json'), JSON.stringify({ ...tiny, set: { ...tiny.set, epochs: 2 } }))
    await expect(runStudy(await readStudy(join(root, 'other.json')))).rejects.toThrow(
      /another epochs; name another --out/
    )
    await expect(readStudy('conditionin')).rejects.toThrow(/did you mean "conditioning"/)
    writeFileSync(join(root, 'twice.json'), JSON.stringify({ ...tiny, arms: [{ name: 'a b' }, { name: 'A-b' }] }))
    await expect(readStudy(join(root, 'twice.json'))).rejects.toThrow(/folder name "a-b"/)
  })
})

describe('a study whose settings a run resolves', () => {
  const asked = { ...tiny, baseline: false, seeds: [1], arms: [{ name: 'one network' }] }
  const write = async (set: object) => {
    const path = join(root, 'resolved.json')
    writeFileSync(path, JSON.stringify({ ...asked, out: join(root, 'resolved'), set: { ...tiny.set, ...set } }))
    return readStudy(path)
  }

  it('knows its own runs: a number stands for batch_tokens auto, float32 for bfloat16', async () => {
    const study = await write({ batch_tokens: 'auto', precision: 'bfloat16' })
    expect(await runStudy(study)).toBe(true)
    const settings = join(root, 'resolved', 'runs', 'one-network.seed-1', 'train.json')
    const stored = JSON.parse(readFileSync(settings, 'utf8')) as { config: Record<string, unknown> }
    expect(stored.config['batch_tokens']).toBeTypeOf('number')
    stored.config['precision'] = 'float32' // as on a processor without bfloat16
    writeFileSync(settings, JSON.stringify(stored))
    expect(await runStudy(study)).toBe(true)
  })

  it.each([
    ['precision', { batch_tokens: 'auto', precision: 'float32' }, { precision: 'bfloat16' }],
    ['batch_tokens', { batch_tokens: 512, precision: 'float32' }, { batch_tokens: 1024, precision: 'float32' }]
  ])('still refuses another %s', async (key, set, other) => {
    const study = await write(set)
    const settings = join(root, 'resolved', 'runs', 'one-network.seed-1', 'train.json')
    const stored = JSON.parse(readFileSync(settings, 'utf8')) as { config: object }
    writeFileSync(settings, JSON.stringify({ ...stored, config: { ...stored.config, ...other } }))
    await expect(runStudy(study)).rejects.toThrow(`another ${key};`)
  })
})

describe("a study's times", () => {
  const row = ({ head, rows }: ReturnType<typeof summaryRows>) =>
    Object.fromEntries(head.map((name, i) => [name, rows[0]![i]]))

  it('are the wall-clock and the processor time of the steps and of the teacher, means over seeds', async () => {
    const study = await readStudy(file)
    const own = { ...study, baseline: false, arms: [study.arms[0]!] }
    const seconds = [100, 140]
    const summaries = own.seeds.map((seed) => join(out, 'runs', `one-network.seed-${seed}`, 'run.json'))
    const before = summaries.map((path) => readFileSync(path, 'utf8'))
    summaries.forEach((path, i) =>
      writeFileSync(path, JSON.stringify({ parameters: 1, seconds: seconds[i], processorSeconds: 2 * seconds[i]! }))
    )
    let outcome: StudyOutcome | undefined
    const hooks = { onOutcome: (latest: StudyOutcome) => void (outcome = latest) }
    await runStudy(own, hooks)
    expect(row(summaryRows(outcome!, 'test'))).toMatchObject({ training: '2 min 00 s', 'processor time': '4 min 00 s' })
    writeFileSync(summaries[0]!, JSON.stringify({ parameters: 1, seconds: 100 })) // of an older study
    await runStudy(own, hooks)
    expect(row(summaryRows(outcome!, 'test'))).toMatchObject({ training: '2 min 00 s', 'processor time': '–' })
    summaries.forEach((path, i) => writeFileSync(path, before[i]!))
  })
})

describe('the valid split of the training data', () => {
  it('is not scored again: its rows are those of scoring it, with the scores that the run kept', async () => {
    const study = await readStudy(file)
    const valid = { name: 'valid', data: study.data, split: 'valid' as const }
    const one = { ...study, baseline: false, seeds: [1], evaluate: [valid] }
    const checkpoint = join(out, 'runs', 'two-networks.seed-1.b-ss', 'best')
    const kept = join(checkpoint, 'valid-scores.json')
    const { scores } = JSON.parse(readFileSync(kept, 'utf8')) as { scores: number[] }
    const scored = await scoreSplit({ checkpoint, data: study.data, split: 'valid' })
    writeFileSync(kept, JSON.stringify({ scores: [0.125, ...scores.slice(1)] }))
    await runStudy(one)
    const { rows, thresholds } = await readScores(join(out, 'runs', 'two-networks.seed-1.b-ss', 'scores.valid.json'))
    writeFileSync(kept, JSON.stringify({ scores }))
    expect(thresholds).toEqual(scored.thresholds)
    expect(rows).toHaveLength(scored.rows.length)
    expect(rows[0]!.score).toBe(0.125)
    for (const [i, { task, label, tokens, score, predicted }] of scored.rows.entries()) {
      expect(rows[i]).toMatchObject({ task, label, tokens })
      if (i > 0) expect(rows[i]!.score).toBeCloseTo(score, 5)
      if (i > 0 && Math.abs(score - (thresholds['B-ss'] as number)) > 1e-5) expect(rows[i]!.predicted).toBe(predicted)
    }
  })
})

describe('a study whose data has changed', () => {
  it('is refused, its finished runs too, whose figures are of the data of before', async () => {
    const study = await readStudy(file)
    const [train] = readdirSync(study.data)
      .map((variant) => join(study.data, variant, 'train.txt'))
      .filter(existsSync)
    const before = readFileSync(train!, 'utf8')
    writeFileSync(train!, before + before.split('\n')[0] + '\n')
    await expect(runStudy(study)).rejects.toMatchObject({ code: 'data-invalid' })
    writeFileSync(train!, before)
    expect(await runStudy(study)).toBe(true)
  })

  it('is refused where pairs that it was judged on have changed, and judges them again on request', async () => {
    const study = await readStudy(file)
    const test = join(study.data, VARIANTS[0], 'test_with_id.txt')
    const before = readFileSync(test, 'utf8')
    writeFileSync(test, before.split('\n').slice(1).join('\n'))
    await expect(runStudy(study)).rejects.toMatchObject({
      code: 'data-invalid',
      message: expect.stringContaining('scores.test.json') as string
    })
    const scores = [out, ...folders.map((name) => join(out, 'runs', name))].map((of) => join(of, 'scores.test.json'))
    for (const path of scores) rmSync(path)
    let outcome: StudyOutcome | undefined
    expect(await runStudy(study, { onOutcome: (latest) => void (outcome = latest) })).toBe(true)
    expect(outcome!.arms[0]!.seeds[0]!.figures['test']!.metrics.groups['A']!.pairs).toBe(23)
    writeFileSync(test, before)
  })
})

describe('the studies that ship', () => {
  it.each(studies.names())('%s has runs whose configurations are valid and differ between arms', async (name) => {
    const study = await readStudy(name)
    const runs = await planRuns(study, [
      { name: 'A-ss', id: 0, group: 'A' },
      { name: 'B-ss', id: 1, group: 'B' }
    ])
    const once = runs.filter(({ seed, task }) => seed === study.seeds[0] && task !== 'B-ss')
    expect(once).toHaveLength(study.arms.length)
    expect(new Set(once.map(({ settings }) => JSON.stringify(settings))).size).toBe(study.arms.length)
  })
})

describe('training losses', () => {
  const report = (step: number, loss: number) => ({ type: 'step', step, steps: 50, loss }) as unknown as RunRecord

  it('are means over fifths of the updates', () => {
    const records = [report(5, 4), report(10, 2), report(20, 1), report(40, 0.5), report(50, 0.25)]
    expect(lossByPart(records)).toEqual([3, 1, NaN, 0.5, 0.25])
  })

  it('are compared over seeds, for arms with one network', () => {
    const seed = { seed: 1, parameters: 1, seconds: 1, processorSeconds: 2, figures: {} }
    const seeds = [1, 3].map((loss) => ({ ...seed, losses: [loss, loss, loss, loss, NaN] }))
    expect(
      lossRows({
        arms: [
          { name: 'one', seeds },
          { name: 'each task', seeds: [seed] }
        ]
      })
    ).toEqual({
      head: ['training loss', '20 %', '40 %', '60 %', '80 %', '100 %'],
      rows: [['one', ...Array<string>(4).fill('2.000 ± 1.414'), '–']]
    })
  })
})

describe('figures over seeds', () => {
  it('are the mean and the sample standard deviation', () => {
    expect(meanAndSpread([1, 2, 3])).toEqual({ mean: 2, spread: 1 })
    expect(meanAndSpread([5])).toEqual({ mean: 5, spread: NaN })
  })

  it('join the scores of several networks by task name', () => {
    const part = (name: string) => ({
      tasks: [{ name, id: 0, group: 'g' }],
      thresholds: { [name]: 0.4 },
      rows: [{ task: 0, label: 1 as const, score: 0.9, predicted: 1 as const, tokens: 3 }]
    })
    const { tasks, thresholds, rows } = mergedScores([part('x'), part('y'), part('x')])
    expect(tasks.map(({ name, id }) => [name, id])).toEqual([
      ['x', 0],
      ['y', 1]
    ])
    expect(thresholds).toEqual({ x: 0.4, y: 0.4 })
    expect(rows.map(({ task }) => task)).toEqual([0, 1, 0])
  })
})
