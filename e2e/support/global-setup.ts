import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createMatcher, type Dtype } from '@sohu-match/sdk-node'
import { build } from 'vite'
import { PAIRS } from './pairs'
import { DEMO, EXPECTED, MODEL, ROOT, WORK } from './paths'

/** Precisions that the parity tests compare. */
const DTYPES: readonly Dtype[] = ['fp32', 'fp16', 'int8', 'q8', 'q4']

/** Trains and exports a small model, lets the Node SDK score the pairs, builds the pages. E2E_KEEP_MODEL=1 reuses the model of the last run. */
export default async function globalSetup(): Promise<void> {
  mkdirSync(WORK, { recursive: true })
  if (!(process.env.E2E_KEEP_MODEL && existsSync(MODEL))) makeModel()
  await writeExpected()
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

function command(name: string, ...flags: string[]): void {
  const { status, error } = spawnSync(process.execPath, [join(ROOT, `packages/${name}/dist/cli.js`), ...flags], {
    cwd: ROOT,
    stdio: 'inherit'
  })
  if (error) throw error
  if (status !== 0) throw new Error(`${name} ${flags.join(' ')} ended with ${status}.`)
}

async function writeExpected(): Promise<void> {
  const expected: Record<string, unknown> = {}
  for (const dtype of DTYPES) {
    await using matcher = await createMatcher({ model: MODEL, device: 'cpu', dtype })
    expected[dtype] = await matcher.matchMany(PAIRS)
  }
  writeFileSync(EXPECTED, JSON.stringify(expected))
}
