import { parseArgs } from 'node:util'
import { SetupError } from './say.mjs'
import { carryOut, report, trainingSteps } from './steps.mjs'
import { weights } from './weights.mjs'

const HELP = `Usage: sohu-train setup [options]

installs what training needs besides the npm packages: TensorFlow's library (230 MB; 2.4 GB with CUDA), the addon that ties it to Node, and
the fused kernels, both compiled here (python3 with pip and a C++ compiler); nothing is done twice

Options:
  --weights <name...>  also public weights to start from, for example bge-small-zh-v1.5 (95 MB)
  --check              report what is installed and what is missing, and change nothing; exits with 1 where something is missing
  --help               display help for command

Environment: SOHU_MATCH_TENSORFLOW=cpu|gpu (default: gpu where an NVIDIA driver is present), SOHU_MATCH_CACHE (folder of large downloads),
CXX (C++ compiler).`

/** `sohu-train setup`. Sets the exit code. */
export async function main(args) {
  try {
    const { values, positionals } = parsed(args)
    if (values.help) return console.log(HELP)
    const steps = [...trainingSteps, ...[...values.weights, ...positionals].map(weights)]
    if (values.check) process.exitCode = report(steps) ? 0 : 1
    else await carryOut(steps)
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    console.error(`setup: ${error.message}`)
    process.exitCode = 1
  }
}

function parsed(args) {
  const options = {
    weights: { type: 'string', multiple: true, default: [] },
    check: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false }
  }
  try {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true })
    if (positionals.length === 0 || values.weights.length > 0) return { values, positionals }
    throw new Error(`There is no argument '${positionals[0]}'.`)
  } catch (cause) {
    throw new SetupError(`${cause.message} --help lists the options.`, { cause })
  }
}
