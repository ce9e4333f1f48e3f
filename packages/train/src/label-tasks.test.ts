import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { DTYPES, type AnyClassification, type Dtype, type Manifest } from '@sohu-match/core'
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
  readonly answers: Record<
    string,
    { score: number; baseline: number; accuracy?: number; rmse?: number; baselineRmse?: number }
  >
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
      // the most frequent of the labels, for all
      expect(answers['推理']!.accuracy).toBeGreaterThan(largestShare('nli.valid.jsonl', 'relation'))
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
    'give the same answers in training and in Node, and in every precision in Node and from the command',
    async () => {
      const { answers, config } = await scoreSplit({ checkpoint: join(run, 'best'), data, split: 'valid' })
      const texts = answers.map(({ a, b, task }) => ({ a, b, task: config.tasks[task]!.name }))
      const inNode = await classify(texts)
      const valuesOf = (one: AnyClassification): number[] =>
        one.kind === 'score' ? [one.value] : Object.values(one.probabilities)
      // float32 in two runtimes: some 1e-6; of a score times its range of 4
      inNode.fp32!.forEach((one, i) =>
        valuesOf(one).forEach((value, j) => expect(Math.abs(value - answers[i]!.values[j]!)).toBeLessThan(1e-4))
      )
      for (const dtype of DTYPES) {
        const lines = await node(
          [matchCli, 'score', '--model', model, '--dtype', dtype, '--device', 'cpu', '--quiet'],
          texts.map((line, id) => `${JSON.stringify({ ...line, id })}\n`).join('')
        )
        const printed = lines.trimEnd().split('\n')
        expect(printed).toHaveLength(texts.length)
        const most = Math.max(
          ...printed.map((line, i) => difference(JSON.parse(line) as Printed, inNode[dtype]![i]!, i))
        )
        expect(most, dtype).toBeLessThan(1e-5) // six decimals are printed; sums in another order differ by less
      }
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
      const text = JSON.stringify({ tasks }, null, 2)
      writeFileSync(join(changed, 'dataset.json'), text)
      const evaluate = [trainCli, 'evaluate', '--checkpoint', join(run, 'best'), '--data', changed]
      await expect(node(evaluate)).rejects.toThrow(
        /topics.valid.jsonl:1: "topics" is .*it must be a number from 0 to 1/
      )
      for (const split of ['train', 'valid'])
        writeFileSync(join(changed, `topics.${split}.jsonl`), '{"text":"甲","topics":0.5}\n')
      const line = text.split('\n').findIndex((one) => one.includes('"name": "话题"')) + 1
      expect(line).toBeGreaterThan(10)
      const kindChanged = `changed/dataset.json:${line}: the task "话题" is score from 0 to 1 in the data and any-of in the checkpoint`
      await expect(node(evaluate)).rejects.toThrow(kindChanged)
      const again = ['--preset', 'smoke', '--init', join(run, 'best'), '--out', join(root, 'again')]
      await expect(node([trainCli, 'sohu', '--data', changed, ...again])).rejects.toThrow(kindChanged)
    },
    TIMEOUT
  )

  it(
    'refuse a label that is not listed, with its line and the nearest name',
    async () => {
      const misspelled = join(root, 'misspelled')
      cpSync(data, misspelled, { recursive: true })
      writeFileSync(
        join(misspelled, 'topics.valid.jsonl'),
        '{"text":"甲","topics":[]}\n{"text":"乙","topics":["考鼓"]}\n'
      )
      await expect(
        node([trainCli, 'sohu', '--data', misspelled, '--preset', 'smoke', '--out', join(root, 'never')])
      ).rejects.toThrow(/topics.valid.jsonl:2: .*"考鼓" is not a label of this task; did you mean "考古"\?/)
    },
    TIMEOUT
  )

  it(
    'are trained without a preset too, by a cross-encoder, and compared with constant answers where no task compares texts',
    async () => {
      const topics = join(root, 'topics')
      cpSync(data, topics, { recursive: true })
      const { tasks } = JSON.parse(readFileSync(join(data, 'dataset.json'), 'utf8')) as { tasks: { name: string }[] }
      writeFileSync(
        join(topics, 'dataset.json'),
        JSON.stringify({ tasks: tasks.filter(({ name }) => name === '话题') })
      )
      const flags = ['--init', join(run, 'best'), '--out', join(root, 'planned'), '--set', 'epochs=1']
      const printed = await node([trainCli, 'sohu', '--data', topics, ...flags])
      expect(printed).toContain('a cross-encoder')
      expect(printed).toMatch(/Tasks with labels or a score on the valid split .*\n[^]*│ 话题 │ any-of │ +75 │/)
      expect(printed).toMatch(/^话题: (better|worse|not distinguishable)/m)
      expect(printed).toMatch(/answer for texts: .* match TEXT \[TEXT\] --model/)
    },
    TIMEOUT
  )
})

/** The share of the most frequent value of a key among the lines of a file. */
function largestShare(file: string, key: string): number {
  const lines = readFileSync(join(data, file), 'utf8').trimEnd().split('\n')
  const values = lines.map((line) => (JSON.parse(line) as Record<string, unknown>)[key])
  return Math.max(...values.map((value) => values.filter((other) => other === value).length)) / lines.length
}

/** A line of `sohu-match score`. */
interface Printed {
  readonly id: number
  readonly task: string
  readonly label?: string
  readonly labels?: readonly string[]
  readonly probabilities?: Readonly<Record<string, number>>
  readonly value?: number
  readonly tokenCount: number
  readonly truncated: boolean
}

/** The largest difference of a probability or value from the SDK's answer, which must have the same labels. */
function difference(printed: Printed, answer: AnyClassification, id: number): number {
  const { task, tokenCount, truncated } = answer
  expect(printed).toMatchObject({ id, task, tokenCount, truncated })
  if (answer.kind === 'score') return Math.abs(printed.value! - answer.value)
  expect(printed.label ?? printed.labels).toEqual(answer.kind === 'one-of' ? answer.label : answer.labels)
  expect(Object.keys(printed.probabilities!)).toEqual(Object.keys(answer.probabilities))
  return Math.max(
    ...Object.entries(answer.probabilities).map(([label, value]) => Math.abs(printed.probabilities![label]! - value))
  )
}

/** The Node SDK's answers by dtype. */
async function classify(
  texts: readonly Pick<AnsweredText, 'a' | 'b'>[]
): Promise<Partial<Record<Dtype, AnyClassification[]>>> {
  const script = join(root, 'classify.mjs')
  writeFileSync(
    script,
    `import { createMatcher, MatcherError } from ${JSON.stringify(sdk)}
    const texts = ${JSON.stringify(texts)}
    const answers = {}
    for (const dtype of ${JSON.stringify(DTYPES)}) {
      const matcher = await createMatcher({ model: ${JSON.stringify(model)}, device: 'cpu', dtype })
      answers[dtype] = await Promise.all(texts.map(({ a, b, task }) => matcher.classify(a, b, task)))
      const refused = (call) => call.then(() => 'answered', (error) => error instanceof MatcherError ? error.code : error)
      const codes = [refused(matcher.match('甲', '乙', '推理')), refused(matcher.classify('甲', '乙', '同一事件'))]
      if ((await Promise.all(codes)).join() !== 'input-invalid,input-invalid') throw new Error(String(await Promise.all(codes)))
      await matcher.dispose()
    }
    console.log(JSON.stringify(answers))`
  )
  return JSON.parse(await node([script])) as Partial<Record<Dtype, AnyClassification[]>>
}
