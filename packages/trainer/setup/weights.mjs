import { existsSync } from 'node:fs'
import path from 'node:path'
import { cacheFolder, PACKAGE } from './places.mjs'
import { run } from './run.mjs'
import { timed } from './say.mjs'

/** Public weights that `sohu-train sohu --init` knows by `name`, in the folder for large downloads; the training package fetches and verifies them. */
export const weights = (name) => {
  const folder = path.join(cacheFolder(), 'weights', name)
  return {
    name: 'weights',

    // origin.json is written last, so a folder that has it is complete; training verifies the files at each start
    missing: () => (existsSync(path.join(folder, 'origin.json')) ? undefined : `${name} is not in ${cacheFolder()}`),

    ready: () => `${name} in ${folder}`,

    work: () =>
      timed('weights', `fetching ${name}`, async () => {
        const program = path.join(PACKAGE, 'bin', 'sohu-train.mjs')
        const env = { SOHU_MATCH_CACHE: cacheFolder() }
        await run(process.execPath, [program, 'weights', name], { env, shorten: errorOf })
        return folder
      })
  }
}

/** The error line of the command's output, or the end of the output. */
export function errorOf(output) {
  const line = output.split('\n').find((text) => text.startsWith('sohu-train: '))
  return line ?? output.trim().split('\n').slice(-5).join('\n')
}
