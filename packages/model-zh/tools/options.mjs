import { parseArgs } from 'node:util'

/** Flags of a recipe's command; prints `help` and exits with --help. */
export function recipeOptions(help) {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      out: { type: 'string' },
      short: { type: 'boolean', default: false },
      force: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false }
    }
  })
  if (values.help) {
    console.log(help)
    process.exit(0)
  }
  return values
}
