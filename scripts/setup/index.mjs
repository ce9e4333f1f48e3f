import { browser } from './browser.mjs'
import { kernels } from './kernels.mjs'
import { packages } from './packages.mjs'
import { SetupError, say } from './say.mjs'
import { spark } from './spark.mjs'
import { tensorflow } from './tensorflow.mjs'
import { weights } from './weights.mjs'

export { SetupError }

const OLDEST_NODE = [20, 19]

/** Throws SetupError where Node is too old for the tools of this repository. */
export function requireNode(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number)
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return
  throw new SetupError(
    `This is Node ${version}; sohu-match needs Node ${OLDEST_NODE.join('.')} or newer (22 and 24 work too).`
  )
}

const stepsFor = ({ withBrowser, withSpark, weightsNames = [] }) => [
  packages,
  tensorflow,
  kernels,
  ...(withBrowser ? [browser] : []),
  ...(withSpark ? [spark] : []),
  ...weightsNames.map(weights)
]

/**
 * Brings this clone to where everything runs: npm packages, TensorFlow with the kernels of training and, where asked for, a Chromium, Spark and public weights. Each step is
 * skipped where its work is there already; with `quiet`, nothing is said about those. Throws SetupError with one sentence of what to do.
 */
export async function setup({ quiet = false, ...parts } = {}) {
  requireNode()
  for (const step of stepsFor(parts)) {
    const lack = step.missing()
    if (!lack) {
      if (!quiet) say(step.name, step.ready())
      continue
    }
    say(step.name, lack)
    await step.work()
  }
}

/** Says for each step whether its work is there, without changing anything; true when all is. */
export function check(parts = {}) {
  requireNode()
  say('Node', process.versions.node)
  const lacks = stepsFor(parts).map((step) => {
    const lack = step.missing()
    say(step.name, lack ? `MISSING: ${lack}` : step.ready())
    return lack
  })
  return lacks.every((lack) => !lack)
}
