import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createRandom } from './data/random'
import { scoreSplit } from './evaluate/scoring'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
const [trainCli, exportCli, sdk] = [
  path('../dist/cli.js'),
  path('../../export/dist/cli.js'),
  path('../../sdk-node/dist/index.js')
]
const root = mkdtempSync(join(tmpdir(), 'sohu-match-custom-'))
const [data, run, model] = [join(root, 'data'), join(root, 'run'), join(root, 'model')]

/** Small enough for seconds; `cross` and `texts` so that it learns something in them. */
const settings = [
  'model.vocab_size=300',
  'model.hidden_size=32',
  'model.num_attention_heads=2',
  'model.intermediate_size=32',
  'model.max_length=32',
  'epochs=3',
  'batch_pairs=16'
]

const PLACES = ['北京', '上海', '广州', '成都', '武汉', '杭州', '南京', '西安']
const EVENTS = ['地铁通车', '大雨停课', '车展开幕', '球队夺冠', '机场扩建', '医院搬迁']

/** Lines of two tasks of our own: `same-event` (place and event agree) in fields of its own names, `same-place` in the default ones. */
function lines(seed: string, count: number, task: 'event' | 'place', kind: 'labelled' | 'test'): string {
  const random = createRandom(seed)
  const pick = (list: readonly string[]): string => list[random.below(list.length)]!
  return Array.from({ length: count }, (_, i) => {
    const same = random.below(2) === 1
    const [place, event] = [pick(PLACES), pick(EVENTS)]
    const others = PLACES.filter((other) => other !== place)
    const [a, b] = [
      `${place}${event}`,
      `记者获悉，${same ? place : pick(others)}${task === 'event' ? event : pick(EVENTS)}`
    ]
    const label = same ? '1' : '0'
    const texts = task === 'event' ? { q1: a, q2: b, same: label } : { source: a, target: b, label }
    return JSON.stringify(kind === 'test' ? { ...texts, id: `${task}-${i}` } : texts)
  }).join('\n')
}

const description = {
  tasks: [
    {
      name: 'same-event',
      group: 'event',
      train: ['event.jsonl'],
      valid: ['event.valid.jsonl'],
      test: ['event.test.jsonl'],
      fields: { a: 'q1', b: 'q2', label: 'same' }
    },
    {
      name: 'same-place',
      group: 'place',
      train: ['place.jsonl'],
      valid: ['place.valid.jsonl'],
      test: ['place.test.jsonl']
    }
  ]
}

beforeAll(() => {
  mkdirSync(data)
  for (const task of ['event', 'place'] as const) {
    writeFileSync(join(data, `${task}.jsonl`), lines(`${task} train`, 400, task, 'labelled'))
    writeFileSync(join(data, `${task}.valid.jsonl`), lines(`${task} valid`, 60, task, 'labelled'))
    writeFileSync(join(data, `${task}.test.jsonl`), lines(`${task} test`, 40, task, 'test'))
  }
  writeFileSync(join(data, 'dataset.json'), JSON.stringify(description))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

async function node(...args: string[]): Promise<string> {
  return (await promisify(execFile)(process.execPath, args)).stdout
}

it('trains, evaluates, exports and matches two tasks of a user, with the same scores at both ends', async () => {
  await node(trainCli, 'sohu', '--data', data, '--out', run, '--preset', 'smoke', '--set', ...settings)
  const found = JSON.parse(
    await node(trainCli, 'evaluate', '--checkpoint', join(run, 'best'), '--data', data, '--split', 'test', '--json')
  ) as { mean: number; groups: Record<string, { f1: number; pairs: number }> }
  expect(Object.keys(found.groups)).toEqual(['event', 'place'])
  expect(found.mean).toBeCloseTo((found.groups['event']!.f1 + found.groups['place']!.f1) / 2, 12)

  await node(
    exportCli,
    'sohu',
    '--checkpoint',
    join(run, 'best'),
    '--out',
    model,
    '--dtype',
    'fp32,int8',
    '--data',
    data,
    '--gate',
    '1',
    '--no-latency'
  )
  const { rows, config } = await scoreSplit({ checkpoint: join(run, 'best'), data, split: 'test' })
  const pairs = rows.map(({ a, b, task }) => ({ a, b, task: config.tasks[task]!.name }))
  const script = join(root, 'match.mjs')
  writeFileSync(
    script,
    `import { createMatcher } from ${JSON.stringify(sdk)}
    const matcher = await createMatcher({ model: ${JSON.stringify(model)}, tasks: ['same-event', 'same-place'], device: 'cpu', dtype: 'fp32' })
    console.log(JSON.stringify(await matcher.matchMany(${JSON.stringify(pairs)})))
    await matcher.dispose()`
  )
  const results = JSON.parse(await node(script)) as { task: string; score: number; label: 0 | 1 }[]
  expect(results.map(({ task }) => task)).toEqual(pairs.map(({ task }) => task))
  expect(results.map(({ label }) => label)).toEqual(rows.map(({ predicted }) => predicted))
  // float32 in two runtimes: some 1e-6; 1e-4 is far below what two labels differ by
  results.forEach(({ score }, i) => expect(Math.abs(score - rows[i]!.score)).toBeLessThan(1e-4))
  await expect(
    node(
      '--input-type=module',
      '-e',
      `import { createMatcher } from ${JSON.stringify(sdk)}
    await createMatcher({ model: ${JSON.stringify(model)} })`
    )
  ).rejects.toThrow(/same-event/)
})
