import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createMatcher, type Dtype } from '@sohu-match/sdk-node'
import { build } from 'vite'
import { LABELLED, PAIRS, TEXTS } from './pairs'
import {
  DEMO,
  EXPECTED,
  EXPECTED_ANSWERS,
  EXPECTED_VECTORS,
  EXPECTED_ZH,
  LABEL_MODEL,
  MODEL,
  ROOT,
  VECTOR_MODEL,
  WORK,
  ZH_MODEL,
  ZH_PAIRS
} from './paths'
import { ZH_DTYPES, corpusPairs } from './corpus-pairs'

/** Precisions whose logits are compared. */
const DTYPES: readonly Dtype[] = ['fp32', 'fp16', 'int8', 'q8', 'q4']

/** Precisions whose vectors are compared. */
const VECTOR_DTYPES: readonly Dtype[] = ['fp32', 'int8', 'q8']

/** Trains and exports a small model, scores the pairs with the Node SDK, builds the pages. E2E_KEEP_MODEL=1 reuses the model of the last run. */
export default async function globalSetup(): Promise<void> {
  mkdirSync(WORK, { recursive: true })
  if (!(process.env.E2E_KEEP_MODEL && existsSync(MODEL))) makeModel()
  if (!(process.env.E2E_KEEP_MODEL && existsSync(VECTOR_MODEL))) makeVectorModel()
  if (!(process.env.E2E_KEEP_MODEL && existsSync(LABEL_MODEL))) makeLabelModel()
  await writeExpected()
  await writeExpectedAnswers()
  await writeExpectedVectors()
  await writeExpectedZh()
  await build({ configFile: join(ROOT, 'e2e/page/vite.config.ts'), logLevel: 'warn' })
  await build({
    configFile: join(ROOT, 'packages/sdk-web/demo/vite.config.ts'),
    logLevel: 'warn',
    build: { outDir: DEMO, emptyOutDir: true }
  })
}

function makeModel(): void {
  const run = join(WORK, 'run')
  rmSync(run, { recursive: true, force: true })
  command('train', 'sohu', '--preset', 'smoke', '--set', 'epochs=1', '--out', run)
  command(
    'export',
    'sohu',
    '--checkpoint',
    join(run, 'best'),
    '--out',
    MODEL,
    '--dtype',
    DTYPES.join(),
    '--name',
    'e2e',
    '--no-gate',
    '--no-latency',
    '--force'
  )
}

/** A network with a match task, a one-of-3 task, an any-of-25 task and a score task, trained for one epoch. */
function makeLabelModel(): void {
  const run = join(WORK, 'label-run')
  rmSync(run, { recursive: true, force: true })
  const data = join(ROOT, 'packages/testing/data/labels')
  command('train', 'sohu', '--data', data, '--preset', 'smoke', '--set', 'epochs=1', '--out', run)
  const flags = ['--checkpoint', join(run, 'best'), '--out', LABEL_MODEL, '--dtype', DTYPES.join(), '--name', 'labels']
  command('export', 'sohu', ...flags, '--no-gate', '--no-latency', '--force')
}

/** A bi-encoder in the form of public sentence encoders; its weights may be random, since only arithmetic is compared. */
function makeVectorModel(): void {
  const checkpoint = join(WORK, 'vector-checkpoint')
  rmSync(checkpoint, { recursive: true, force: true })
  program('export', 'random-checkpoint', '--bi-encoder', '--out', checkpoint, '--max-length', '64')
  const flags = ['--checkpoint', checkpoint, '--out', VECTOR_MODEL, '--dtype', 'fp32,int8,q8', '--name', 'vectors']
  command('export', 'sohu', ...flags, '--no-gate', '--no-latency', '--force')
}

function command(name: string, ...flags: string[]): void {
  program(name, 'cli', ...flags)
}

function program(name: string, file: string, ...flags: string[]): void {
  const { status, error } = spawnSync(process.execPath, [join(ROOT, `packages/${name}/dist/${file}.js`), ...flags], {
    cwd: ROOT,
    stdio: 'inherit'
  })
  if (error) throw error
  if (status !== 0) throw new Error(`${name} ${flags.join(' ')} ended with ${status}.`)
}

async function writeExpectedVectors(): Promise<void> {
  const expected: Record<string, unknown> = {}
  for (const dtype of VECTOR_DTYPES) {
    await using matcher = await createMatcher({ model: VECTOR_MODEL, device: 'cpu', dtype })
    expected[dtype] = { vectors: [...(await matcher.embed(TEXTS, 'B-sl'))], results: await matcher.matchMany(PAIRS) }
  }
  writeFileSync(EXPECTED_VECTORS, JSON.stringify(expected))
}

/** Pairs of the corpus' test split, scored by the Node SDK with the published model. */
async function writeExpectedZh(): Promise<void> {
  command('corpus', '--out', ZH_PAIRS, '--limit', '40')
  const expected: Record<string, unknown> = {}
  for (const dtype of ZH_DTYPES) {
    await using matcher = await createMatcher({ model: ZH_MODEL, device: 'cpu', dtype })
    expected[dtype] = await matcher.matchMany(corpusPairs())
  }
  writeFileSync(EXPECTED_ZH, JSON.stringify(expected))
}

async function writeExpectedAnswers(): Promise<void> {
  const expected: Record<string, unknown> = {}
  for (const dtype of DTYPES) {
    await using matcher = await createMatcher<string>({ model: LABEL_MODEL, device: 'cpu', dtype })
    expected[dtype] = await Promise.all(LABELLED.map(({ a, b, task }) => matcher.classify(a, b, task)))
  }
  writeFileSync(EXPECTED_ANSWERS, JSON.stringify(expected))
}

async function writeExpected(): Promise<void> {
  const expected: Record<string, unknown> = {}
  for (const dtype of DTYPES) {
    await using matcher = await createMatcher({ model: MODEL, device: 'cpu', dtype })
    expected[dtype] = await matcher.matchMany(PAIRS)
  }
  writeFileSync(EXPECTED, JSON.stringify(expected))
}
