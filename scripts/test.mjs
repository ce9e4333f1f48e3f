#!/usr/bin/env node
// npm test: all checks, from a fresh clone; CI runs this and nothing else.
import { readdirSync } from 'node:fs'
import { prepare } from './prepare.mjs'
import { nx, run } from './run.mjs'

await prepare({ withBrowser: true })

run(
  process.execPath,
  '--test',
  ...['scripts/setup', 'scripts/gpu'].flatMap((folder) =>
    readdirSync(folder)
      .filter((file) => file.endsWith('.test.mjs'))
      .map((file) => `${folder}/${file}`)
  )
)
nx(
  'run-many',
  '-t',
  'lint',
  'typecheck',
  'build',
  'test',
  '--parallel=2',
  ...(process.env.CI ? ['--output-style=static'] : [])
) // CI's log shows all
nx('run', 'train:mutations')
run(process.execPath, '--test', 'scripts/links.test.mjs')
nx('run', 'release:check')
run(process.execPath, 'scripts/show-matches.mjs', 'packages/model-zh/model-short') // made for release:check
run(process.execPath, '--test', 'scripts/start.test.mjs')
nx('run', 'e2e:e2e')
nx('run', 'faults:faults') // short counts; npm run test:faults has the full ones
run(process.execPath, '--test', 'examples/spark/spark.test.mjs') // installs Spark if it is missing
