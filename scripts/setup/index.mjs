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
 * Brings this clone to where everything runs: npm packages, TensorFlow with the kernels of training and, where asked for, the browsers of the
 * end-to-end tests, Spark and public weights. Each step is skipped where its work is done; with `quiet`, nothing is printed about those. Throws SetupError with one
 * sentence of what to do.
 */
export async function setup({ quiet = false, ...parts } = {}) {
  await carryOut(stepsFor(parts), { quiet })
}

/** Reports for each step whether its work is done, without changing anything; true when all is. */
export function check(parts = {}) {
  return report(stepsFor(parts))
}
