#!/usr/bin/env node
// Runs the checks in src/*.check.ts and prints their table: with short counts for every change, with full ones for a release.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { parseArgs } from 'node:util'

const HELP = `npm run test:faults [-- OPTIONS]     all checks at full count; nx run faults:faults runs the short counts
  --full       the full counts
  --seed N     repeats the random choices of an earlier run (default: a new seed, printed)
  --only NAME  one check: kill-training, kill-scoring, kill-export, changed-data, import-bombs,
               damaged-folders, texts, text-costs, storage, server, dead-workers, reloads
  --case I     one case of it (its number is in the failure's message)`

const {
  values: { full, seed = String(Math.floor(Math.random() * 2 ** 31)), only, case: one, help }
} = parseArgs({
  options: {
    full: { type: 'boolean' },
    seed: { type: 'string' },
    only: { type: 'string' },
    case: { type: 'string' },
    help: { type: 'boolean' }
  }
})
if (help) {
  console.log(HELP)
  process.exit(0)
}

const results = 'dist/results.jsonl'
mkdirSync('dist', { recursive: true })
rmSync(results, { force: true })
const again = `npx nx run faults:faults --${full ? ' --full' : ''} --seed ${seed}`
console.log(`faults: ${full ? 'full' : 'short'} counts, seed ${seed}; again: ${again}`)
const env = {
  ...process.env,
  FAULTS: full ? 'full' : 'short',
  FAULTS_SEED: seed,
  FAULTS_CASE: one ?? '',
  FAULTS_RESULTS: results
}
const { status, error } = spawnSync(
  process.execPath,
  ['../../node_modules/vitest/vitest.mjs', 'run', ...(only ? [`src/${only}.check.ts`] : [])],
  { stdio: 'inherit', env }
)
if (error) throw error

const rows = existsSync(results)
  ? readFileSync(results, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line))
  : []
console.log('\n| check | count | result | s |\n| --- | --- | --- | --- |')
for (const { check, count, result, seconds } of rows) console.log(`| ${check} | ${count} | ${result} | ${seconds} |`)
console.log(`\nseed ${seed}${status === 0 ? '' : `; a failure above happens again with: ${again} --only CHECK`}`)
process.exitCode = status ?? 1
