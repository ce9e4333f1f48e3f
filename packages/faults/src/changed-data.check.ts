import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { VARIANTS } from '@sohu-match/core'
import type { Random } from '@sohu-match/training/random'
import { expect, it } from 'vitest'
import { fingerprint } from './folders'
import { cliOf } from './paths'
import { caseError, cases, counts, randomOf, record } from './plan'
import { said, startNode, succeed } from './process'
import { freshRun, writeSmallData } from './training'

const CHECK = 'changed-data'
const COUNT = counts(12, 3)

const TASKS = ['first', 'second', 'third']

/** Writes the small data as a data set with its own tasks, one for each of three variants. */
async function writeTasks(folder: string): Promise<void> {
  const sohu = join(folder, 'sohu')
  await writeSmallData(sohu)
  const data = join(folder, 'data')
  mkdirSync(data)
  for (const [i, name] of TASKS.entries()) {
    for (const split of ['train', 'valid']) {
      const lines = readFileSync(join(sohu, VARIANTS[i]!, `${split}.txt`), 'utf8')
      writeFileSync(join(data, `${name}-${split}.jsonl`), lines.replaceAll(/"label[AB]"/g, '"label"'))
    }
  }
  const tasks = TASKS.map((name) => ({ name, train: [`${name}-train.jsonl`], valid: [`${name}-valid.jsonl`] }))
  writeFileSync(join(data, 'dataset.json'), JSON.stringify({ tasks }))
}

/** Changes the lines of a random file of pairs. */
function rewrite(data: string, random: Random, change: (lines: string[], at: number) => string[]): void {
  const files = readdirSync(data).filter((name) => name.endsWith('.jsonl'))
  const path = join(data, files.sort()[random.below(files.length)]!)
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
  writeFileSync(path, `${change(lines, random.below(lines.length)).join('\n')}\n`)
}

/** Changes of a run's data, and how `--resume` must refuse them. */
const CHANGES: readonly {
  readonly name: string
  readonly apply: (data: string, random: Random) => void
  readonly refusal: RegExp
}[] = [
  {
    name: 'a pair more',
    apply: (data, random) => rewrite(data, random, (lines, at) => [...lines, lines[at]!]),
    refusal: /has changed since the run.*\d+ (train|valid) pairs \(were \d+\).*\[data-invalid\]/
  },
  {
    name: 'another text',
    apply: (data, random) =>
      rewrite(data, random, (lines, at) => lines.with(at, lines[at]!.replace('"source":"', '"source":"新'))),
    refusal: /has changed since the run.*other texts.*\[data-invalid\]/
  },
  {
    name: 'tasks in another order',
    apply(data) {
      const path = join(data, 'dataset.json')
      const { tasks } = JSON.parse(readFileSync(path, 'utf8')) as { tasks: unknown[] }
      writeFileSync(path, JSON.stringify({ tasks: tasks.toReversed() }))
    },
    refusal: /has changed since the run.*tasks third, second, first \(were first, second, third\).*\[data-invalid\]/
  }
]

/** Changes the data of a copy of a stopped run, which must not resume until the data is restored. */
async function requireRefusal(whole: string, root: string, index: number): Promise<void> {
  const { name, apply, refusal } = CHANGES[index % CHANGES.length]!
  const [run, data] = [join(root, 'run'), join(root, 'data')]
  const resumed = ['sohu', '--json', '--out', run, '--resume']
  rmSync(run, { recursive: true })
  cpSync(join(whole, 'run'), run, { recursive: true })
  const before = fingerprint(data)
  apply(data, randomOf(CHECK, index))
  expect(fingerprint(data)).not.toEqual(before)
  const refused = startNode(cliOf('train'), resumed)
  const code = await refused.ended
  expect(refused.output(), name).toMatch(refusal)
  expect(code).toBe(1)
  expect(fingerprint(run)).toEqual(fingerprint(join(whole, 'run')))
  rmSync(data, { recursive: true })
  cpSync(join(whole, 'data'), data, { recursive: true })
  await succeed(startNode(cliOf('train'), resumed))
  expect(fingerprint(run)).not.toEqual(fingerprint(join(whole, 'run')))
}

it('refuses to resume a run on other data, leaves the run as it was, and resumes it when the data is back', () =>
  record('data changed under a run, then --resume', async () => {
    const root = mkdtempSync(join(tmpdir(), 'changed-data-'))
    await writeTasks(root)
    const running = startNode(cliOf('train'), freshRun(join(root, 'run'), join(root, 'data')))
    await said(running, /"type":"epoch"/)
    running.child.kill('SIGINT')
    await running.ended
    const whole = join(root, 'whole')
    for (const name of ['run', 'data']) cpSync(join(root, name), join(whole, name), { recursive: true })
    for (const index of cases(COUNT)) {
      try {
        await requireRefusal(whole, root, index)
      } catch (cause) {
        throw caseError(CHECK, index, String(cause))
      }
    }
    rmSync(root, { recursive: true })
    return {
      count: cases(COUNT).length,
      result: 'all `data-invalid`, the run byte for byte as it was, and resumed when the data was back'
    }
  }))
