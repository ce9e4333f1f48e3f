import { kernels } from './kernels.mjs'
import { SetupError, say } from './say.mjs'
import { tensorflow } from './tensorflow.mjs'

const OLDEST_NODE = [20, 19]

/** Throws SetupError if Node is older than the packages need. */
export function requireNode(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number)
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return
  throw new SetupError(
    `This is Node ${version}; sohu-match needs Node ${OLDEST_NODE.join('.')} or newer (22 and 24 work too).`
  )
}

/** Requirements of training besides its npm packages. */
export const trainingSteps = [tensorflow, kernels]

/** Runs the steps that are not done yet; with `quiet`, without mentioning the others. Throws SetupError with what to do. */
export async function carryOut(steps, { quiet = false } = {}) {
  requireNode()
  for (const step of steps) {
    const lack = step.missing()
    if (!lack) {
      if (!quiet) say(step.name, step.ready())
      continue
    }
    say(step.name, lack)
    await step.work()
  }
}

/** Reports for each step whether its work is done, without changing anything; true when all is. */
export function report(steps) {
  requireNode()
  say('Node', process.versions.node)
  const lacks = steps.map((step) => {
    const lack = step.missing()
    say(step.name, lack ? `MISSING: ${lack}` : step.ready())
    return lack
  })
  return lacks.every((lack) => !lack)
}
