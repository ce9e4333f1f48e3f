import { setup, SetupError } from './setup/index.mjs'

/** Sets up the clone, or exits with one sentence that says what to do. */
export async function prepare(options) {
  process.chdir(new URL('..', import.meta.url).pathname)
  try {
    await setup({ ...options, quiet: true })
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    console.error(`setup: ${error.message}`)
    process.exit(1)
  }
}
