#!/usr/bin/env node
import { check, setup, SetupError } from './setup/index.mjs'

const HELP = `npm run setup [-- OPTIONS]    installs what this clone needs; does nothing where all is there
  --browser    also a Chromium for the end-to-end tests
  --spark      also Java and PySpark (434 MB) for the test of examples/spark
  --check      says what is there and what is missing, changes nothing; exits with 1 where something is missing
Environment: SOHU_MATCH_TENSORFLOW=cpu|gpu (default: gpu where an NVIDIA driver is present), SOHU_MATCH_CACHE (folder of large downloads),
CHROME_PATH (a Chromium to use), JAVA_HOME, CXX (C++ compiler).`

const flags = process.argv.slice(2)
const unknown = flags.find((flag) => !['--browser', '--spark', '--check', '--help'].includes(flag))
const parts = { withBrowser: flags.includes('--browser'), withSpark: flags.includes('--spark') }

try {
  if (unknown) throw new SetupError(`Unknown flag ${unknown}.\n${HELP}`)
  if (flags.includes('--help')) console.log(HELP)
  else if (flags.includes('--check')) process.exitCode = check(parts) ? 0 : 1
  else await setup(parts)
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  console.error(`setup: ${error.message}`)
  process.exitCode = 1
}
