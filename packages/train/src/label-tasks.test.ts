import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { DTYPES, type AnyClassification, type Manifest } from '@sohu-match/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scoreSplit, type AnsweredText } from './evaluate/scoring'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
const [trainCli, exportCli, matchCli, sdk] = [
  path('../dist/cli.js'),
  path('../../export/dist/cli.js'),
  path('../../cli/dist/cli.js'),
  path('../../sdk-node/dist/index.js')
]
const data = path('../../testing/data/labels')
const root = mkdtempSync(join(tmpdir(), 'sohu-match-labels-'))
const [run, model] = [join(root, 'run'), join(root, 'model')]
const TIMEOUT = 1_200_000

/** Small enough for seconds, large enough to learn something. */
const settings = [
  'model.hidden_size=32',
  'model.num_hidden_layers=1',
  'model.num_attention_heads=2',
  'model.intermediate_size=64',
  'model.max_length=32',
  'token_match_weight=0',
  'lexical_weight=0',
  'learning_rate=0.005',
  'epochs=4'
]

async function node(args: readonly string[], input = ''): Promise<string> {
  const running = promisify(execFile)(process.execPath, [...args], { maxBuffer: 1 << 26 })
  running.child.stdin!.end(input)
  return (await running).stdout
}

interface Evaluated {
  readonly tasks: Record<string, { f1: number; auc: number }>
  readonly answers: Record<string, { score: number; baseline: number; rmse?: number; baselineRmse?: number }>
}

beforeAll(async () => {
  await node([trainCli, 'sohu', '--data', data, '--out', run, '--preset', 'smoke', '--set', ...settings])
  const dtypes = ['--dtype', DTYPES.join()]
  const gate = ['--data', data, '--gate', '0.5', '--no-latency']
  await node([exportCli, 'sohu', '--checkpoint', join(run, 'best'), '--out', model, ...dtypes, ...gate])
}, TIMEOUT)
afterAll(() => rmSync(root, { recursive: true, force: true }))

describe('a match task, one of 3 labels, any of 25 labels and a score in one network', () => {
  it(
    'are each answered better than by a constant',
    async () => {
      const { tasks, answers } = JSON.parse(
        await node([trainCli, 'evaluate', '--checkpoint', join(run, 'best'), '--data', data, '--json'])
      ) as Evaluated
      expect(Object.keys(answers)).toEqual(['推理', '话题', '评分'])
      for (const [name, { score, baseline }] of Object.entries(answers)) expect(score, name).toBeGreaterThan(baseline)
      expect(answers['评分']!.rmse).toBeLessThan(answers['评分']!.baselineRmse!)
      // 32 of the 80 pairs match: F1 of the answer "match" to all is 2 x 32 / (80 + 32)
      expect(tasks['同一事件']!.f1).toBeGreaterThan(64 / 112)
      expect(tasks['同一事件']!.auc).toBeGreaterThan(0.5)
    },
    TIMEOUT
  )

  it('have kind, labels, thresholds and columns in the manifest, and their types beside it', () => {
    const manifest = JSON.parse(readFileSync(join(model, 'manifest.json'), 'utf8')) as Manifest
    expect(manifest).toMatchObject({ format: 3, outputs: 31, graphs: { q4: { scores: { 推理: expect.any(Number) } } } })
    const [same, nli, topics, stars] = manifest.tasks
    expect(same).toMatchObject({ threshold: expect.any(Number), columns: [0, 2] })
    expect(nli).toMatchObject({ kind: 'one-of', labels: ['矛盾', '中立', '蕴含'], columns: [2, 5] })
    expect(Object.keys(topics!.thresholds!)).toEqual(topics!.labels)
    expect(stars).toMatchObject({ kind: 'score', range: [1, 5], columns: [30, 31], score: expect.any(Number) })
    const types = readFileSync(join(model, 'types.d.ts'), 'utf8')
    expect(types).toContain(
      `  "同一事件": { kind: 'match' }\n  "推理": { kind: 'one-of'; label: "矛盾" | "中立" | "蕴含" }\n`
    )
    expect(types).toContain(`  "评分": { kind: 'score' }\n`)
    expect(manifest.files['types.d.ts']!.bytes).toBe(Buffer.byteLength(types))
  })

  it(
    'give the same answers in training, in Node and from the command',
    async () => {
      const { answers, config } = await scoreSplit({ checkpoint: join(run, 'best'), data, split: 'valid' })
      const texts = answers.map(({ a, b, task }) => ({ a, b, task: config.tasks[task]!.name }))
      const classified = await classify(texts)
      const valuesOf = (one: AnyClassification): number[] =>
        one.kind === 'score' ? [one.value] : Object.values(one.probabilities)
      // float32 in two runtimes: some 1e-6; of a score times its range of 4
      classified.forEach((one, i) =>
        valuesOf(one).forEach((value, j) => expect(Math.abs(value - answers[i]!.values[j]!)).toBeLessThan(1e-4))
      )
      const lines = await node(
        [matchCli, 'score', '--model', model, '--dtype', 'fp32', '--device', 'cpu', '--quiet'],
        texts.map((line, id) => `${JSON.stringify({ ...line, id })}\n`).join('')
      )
      const printed = lines.trimEnd().split('\n')
      expect(printed).toHaveLength(texts.length)
      printed.forEach((line, i) => {
        const one = classified[i]!
        const said = JSON.parse(line) as { id: number; label?: string; labels?: string[]; value?: number }
        expect(said.id).toBe(i)
        if (one.kind === 'one-of') expect(said.label).toBe(one.label)
        else if (one.kind === 'any-of') expect(said.labels).toEqual(one.labels)
        else expect(Math.abs(said.value! - one.value)).toBeLessThan(1e-4)
      })
    },
    TIMEOUT
  )

  it(
    'refuse data in which a task has another kind',
    async () => {
      const changed = join(root, 'changed')
      cpSync(data, changed, { recursive: true })
      const description = JSON.parse(readFileSync(join(data, 'dataset.json'), 'utf8')) as { tasks: { name: string }[] }
      const tasks = description.tasks.map((task) =>
        task.name === '话题' ? { ...task, labels: undefined, multiple: undefined, score: [0, 1] } : task
      )
      writeFileSync(join(changed, 'dataset.json'), JSON.stringify({ tasks }))
      const evaluate = [trainCli, 'evaluate', '--checkpoint', join(run, 'best'), '--data', changed]
      await expect(node(evaluate)).rejects.toThrow(
        /topics.valid.jsonl:1: "topics" is .*it must be a number from 0 to 1/
      )
      writeFileSync(join(changed, 'topics.valid.jsonl'), '{"text":"甲","topics":0.5}\n')
      await expect(node(evaluate)).rejects.toThrow(
        /"话题" is score from 0 to 1 in the data and any-of in the checkpoint/
      )
    },
    TIMEOUT
  )
})

/** What the Node SDK says, in fp32. */
async function classify(texts: readonly Pick<AnsweredText, 'a' | 'b'>[]): Promise<AnyClassification[]> {
  const script = join(root, 'classify.mjs')
  writeFileSync(
    script,
    `import { createMatcher, MatcherError } from ${JSON.stringify(sdk)}
    const matcher = await createMatcher({ model: ${JSON.stringify(model)}, device: 'cpu', dtype: 'fp32' })
    const texts = ${JSON.stringify(texts)}
    const results = await Promise.all(texts.map(({ a, b, task }) => matcher.classify(a, b, task)))
    const refused = (call) => call.then(() => 'answered', (error) => error instanceof MatcherError ? error.code : error)
    const codes = [refused(matcher.match('甲', '乙', '推理')), refused(matcher.classify('甲', '乙', '同一事件'))]
    if ((await Promise.all(codes)).join() !== 'input-invalid,input-invalid') throw new Error(String(await Promise.all(codes)))
    console.log(JSON.stringify(results))
    await matcher.dispose()`
  )
  return JSON.parse(await node([script])) as AnyClassification[]
}
