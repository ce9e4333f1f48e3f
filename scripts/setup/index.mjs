import { SetupError } from '../../packages/trainer/setup/say.mjs'
import { carryOut, report, trainingSteps } from '../../packages/trainer/setup/steps.mjs'
import { weights } from '../../packages/trainer/setup/weights.mjs'
import { browser } from './browser.mjs'
import { firefox, webkit } from './engines.mjs'
import { packages } from './packages.mjs'
import { spark } from './spark.mjs'

export { SetupError }

const stepsFor = ({ withBrowser, withSpark, weightsNames = [] }) => [
  packages,
  ...trainingSteps,
  ...(withBrowser ? [browser, firefox, webkit] : []),
  ...(withSpark ? [spark] : []),
  ...weightsNames.map(weights)
]

/**
 * Sets up this clone: npm packages, TensorFlow with the kernels of training and, on request, the browsers of the
 * end-to-end tests, Spark and public weights. Steps that are done are skipped, silently with `quiet`. Throws SetupError with one
 * sentence that says what to do.
 */
export async function setup({ quiet = false, ...parts } = {}) {
  await carryOut(stepsFor(parts), { quiet })
}

/** Reports for each step whether it is done, without changing anything; true if all are. */
export function check(parts = {}) {
  return report(stepsFor(parts))
}
