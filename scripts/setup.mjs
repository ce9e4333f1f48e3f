#!/usr/bin/env node
import { check, setup, SetupError } from './setup/index.mjs'

const HELP = `npm run setup [-- OPTIONS]    installs what this clone needs; does nothing where all is there
  --browser        also Chromium, Firefox and WebKitGTK for the end-to-end tests (the last two where apt-get can)
  --spark          also Java and PySpark (434 MB) for the test of examples/spark
  --weights NAME   also public weights that training starts from, for example bge-small-zh-v1.5 (95 MB)
  --check          says what is there and what is missing, changes nothing; exits with 1 where something is missing
Environment: SOHU_MATCH_TENSORFLOW=cpu|gpu (default: gpu where an NVIDIA driver is present), SOHU_MATCH_CACHE (folder of large downloads),
CHROME_PATH, FIREFOX_PATH (a Chromium and a Firefox to use), JAVA_HOME, CXX (C++ compiler).`

const args = process.argv.slice(2)
const isName = (arg, i) => args[i - 1] === '--weights' && !arg.startsWith('--')
const flags = args.filter((arg, i) => !isName(arg, i))
const unknown = flags.find((flag) => !['--browser', '--spark', '--weights', '--check', '--help'].includes(flag))
const weightsNames = args.filter(isName)
const parts = { withBrowser: flags.includes('--browser'), withSpark: flags.includes('--spark'), weightsNames }

try {
  if (unknown) throw new SetupError(`Unknown flag ${unknown}.\n${HELP}`)
  if (flags.filter((flag) => flag === '--weights').length > weightsNames.length)
    throw new SetupError('--weights wants a name, for example --weights bge-small-zh-v1.5.')
  if (flags.includes('--help')) console.log(HELP)
  else if (flags.includes('--check')) process.exitCode = check(parts) ? 0 : 1
  else await setup(parts)
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  console.error(`setup: ${error.message}`)
  process.exitCode = 1
}
